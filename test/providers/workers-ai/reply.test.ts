import { expect, test } from 'vitest';

import type { JsonObject } from '../../../src/domain/json.ts';
import type { ChatCall, ModelCall } from '../../../src/domain/model/model-call.ts';
import type { WireReply } from '../../../src/providers/port.ts';
import { contextOf } from '../calling.ts';
import { calls, chatCall, envelope, llama, makeAdapter, results } from './support.ts';
import { reply } from '../calling.ts';

const json: ChatCall['output'] = { kind: 'json', schema: { type: 'object', properties: {} } };
const read = (result: WireReply['body'], call: ModelCall = chatCall()) =>
  makeAdapter().normalizeOutput(reply(200, envelope(result), { 'cf-ray': 'ray1-FRA' }), call);

test('an answer, in the envelope or bare', () => {
  const expected = {
    kind: 'done',
    reply: {
      result: { kind: 'chat', text: 'Hello Ada.', finishReason: 'stop' },
      usage: { inputTokens: 12, outputTokens: 7 },
      rawUsage: { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19 },
      returnedModel: llama,
      providerRequestId: 'ray1-FRA',
    },
  };
  expect(read(results.chat)).toEqual(expected);
  const bare = reply(200, results.chat, { 'cf-ai-req-id': 'ray1-FRA' });
  expect(makeAdapter().normalizeOutput(bare, chatCall())).toEqual(expected);
});

const choice = (finish_reason: string, message: JsonObject) => ({
  choices: [{ index: 0, message, finish_reason }],
  usage: { prompt_tokens: 1, completion_tokens: 2 },
});

test('newer models answer like OpenAI', () => {
  const said = { content: 'Hello', tool_calls: [] };
  expect(read(choice('stop', said))).toMatchObject({
    reply: { result: { text: 'Hello', finishReason: 'stop' }, usage: { outputTokens: 2 } },
  });
  expect(read(choice('length', said))).toMatchObject({
    reply: { result: { finishReason: 'length' } },
  });
  expect(read(choice('length', said), chatCall({ output: json }))).toMatchObject({
    failure: { class: 'output_truncated', phase: 'finished' },
    spent: { usage: { outputTokens: 2 } },
  });
  expect(read(choice('content_filter', said))).toMatchObject({
    failure: { class: 'content_blocked_output', phase: 'finished' },
  });
});

test('an answer as long as allowed was cut off, although nothing says so', () => {
  const full = { response: 'Hello', usage: { prompt_tokens: 1, completion_tokens: 9 } };
  const parameters = { maxOutputTokens: 9 };
  expect(read(full, chatCall({ parameters }))).toMatchObject({
    reply: { result: { finishReason: 'length' } },
  });
  expect(read(full, chatCall({ parameters, output: json }))).toMatchObject({
    failure: { class: 'output_truncated' },
  });
});

test('JSON may come parsed or as text', () => {
  for (const response of [{ name: 'Ada' }, '{"name":"Ada"}']) {
    expect(read({ response }, chatCall({ output: json }))).toMatchObject({
      reply: { result: { text: '{"name":"Ada"}' }, usage: {} },
    });
  }
});

test('calls of tools in either shape', () => {
  const old = { response: null, tool_calls: [{ name: 'weather', arguments: { city: 'Bonn' } }] };
  const called = { finishReason: 'tool_calls', toolCalls: [{ name: 'weather' }] };
  expect(read(old)).toMatchObject({
    reply: {
      result: {
        text: '',
        finishReason: 'tool_calls',
        toolCalls: [{ id: 'call_0', name: 'weather', arguments: '{"city":"Bonn"}' }],
      },
    },
  });
  const tool_calls = [
    { id: 'x', type: 'function', function: { name: 'weather', arguments: '{}' } },
  ];
  expect(read({ response: '', tool_calls })).toMatchObject({ reply: { result: called } });
});

test('vectors, ranks and labels', () => {
  expect(read(results.embed, calls.embed)).toMatchObject({
    reply: {
      result: {
        kind: 'embed',
        vectors: [
          [0.5, 0.25],
          [0, 1],
        ],
      },
      usage: {},
      rawUsage: null,
    },
  });
  expect(read({ data: [[1]] }, calls.embed)).toMatchObject({
    failure: { class: 'provider_internal', code: 'reply_malformed' },
  });
  expect(read(results.rerank, calls.rerank)).toMatchObject({
    reply: {
      result: {
        results: [
          { index: 0, score: 0.9 },
          { index: 2, score: 0.2 },
        ],
      },
    },
  });
  expect(read(results.sentiment, calls.sentiment)).toMatchObject({
    reply: { result: { kind: 'classify', labels: [{ label: 'POSITIVE', score: 0.99 }] } },
  });
  expect(read(results.classify, calls.classify)).toMatchObject({
    reply: { result: { kind: 'classify', labels: [{ label: 'billing', score: 0.97 }] } },
  });
});

test.each([
  ['safe', { flagged: false, categories: [] }],
  ['\n\nunsafe\nS1,S10', { flagged: true, categories: [{ category: 'S1' }, { category: 'S10' }] }],
  ['unsafe', { flagged: true, categories: [] }],
  [
    { safe: true, categories: [] },
    { flagged: false, categories: [] },
  ],
  [
    { safe: false, categories: ['S2'] },
    { flagged: true, categories: [{ category: 'S2', score: null }] },
  ],
  [{ safe: false }, { flagged: true, categories: [] }],
])('moderation %j', (response, expected) => {
  expect(read({ response }, calls.moderate)).toMatchObject({ reply: { result: expected } });
});

test('a verdict that is none is no moderation', () => {
  expect(read({ response: 'I think it is safe' }, calls.moderate)).toMatchObject({
    failure: { class: 'provider_internal' },
  });
});

test('a transcript with what was asked for', () => {
  expect(read(results.transcribe, calls.transcribe)).toMatchObject({
    reply: {
      result: {
        text: 'Good morning.',
        language: 'en',
        durationSeconds: 2.4,
        segments: [],
        words: [],
      },
      usage: { audioMs: 2400 },
    },
  });
  expect(read(results.transcribe, { ...calls.transcribe, timestamps: 'word' })).toMatchObject({
    reply: { result: { words: [{ word: 'Good', start: 0, end: 1 }, { word: 'morning.' }] } },
  });
  expect(read(results.transcribe, { ...calls.transcribe, timestamps: 'segment' })).toMatchObject({
    reply: { result: { segments: [{ text: 'Good morning.', start: 0, end: 2.4 }] } },
  });
});

test('a picture in JSON, or bare', async () => {
  expect(read(results.image, calls.image)).toMatchObject({
    reply: {
      result: {
        images: [{ media: { source: { kind: 'base64', data: '/9j/4AAQ' }, mimeType: null } }],
      },
      usage: { images: 1 },
    },
  });
  const bytes = Uint8Array.of(137, 80, 78, 71);
  const headers = { 'content-type': 'image/png' };
  const adapter = makeAdapter(async () => new Response(bytes, { headers }));
  expect(await adapter.submitJob(calls.image, contextOf())).toMatchObject({
    reply: {
      result: {
        images: [
          { media: { source: { kind: 'base64', data: 'iVBORw==' }, mimeType: 'image/png' } },
        ],
      },
      usage: { images: 1 },
    },
  });
});
