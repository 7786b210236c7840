import { expect, test } from 'vitest';

import type { ChatCall, ModelCall } from '../../../src/domain/model/model-call.ts';
import { chatCall, content, embedCall, imageCall, makeAdapter } from './support.ts';
import { reply } from '../calling.ts';

const json: ChatCall['output'] = { kind: 'json', schema: { type: 'object', properties: {} } };
const read = (body: ReturnType<typeof content>, call: ModelCall = chatCall()) =>
  makeAdapter().normalizeOutput(reply(200, body), call);

test('a reply is text, usage, the model that ran and the id for the support desk', () => {
  expect(
    read(content([{ text: 'Hello ' }, { text: 'hm', thought: true }, { text: 'Ada.' }])),
  ).toEqual({
    kind: 'done',
    reply: {
      result: { kind: 'chat', text: 'Hello Ada.', finishReason: 'stop' },
      usage: { inputTokens: 12, outputTokens: 7 },
      rawUsage: { promptTokenCount: 12, candidatesTokenCount: 7, totalTokenCount: 19 },
      returnedModel: 'gemini-2.5-flash-001',
      providerRequestId: 'resp_1',
    },
  });
});

test('function calls are tool calls, with or without an id', () => {
  const parts = [
    { functionCall: { name: 'weather', args: { city: 'Bonn' } } },
    { functionCall: { id: 'fc_7', name: 'now' } },
  ];
  expect(read(content(parts))).toMatchObject({
    reply: {
      result: {
        finishReason: 'tool_calls',
        toolCalls: [
          { id: 'call_0', name: 'weather', arguments: '{"city":"Bonn"}' },
          { id: 'fc_7', name: 'now', arguments: '{}' },
        ],
      },
    },
  });
});

test('the limit of output ends a text, and breaks JSON off', () => {
  const cut = content([{ text: '{"a"' }], { finishReason: 'MAX_TOKENS' });
  expect(read(cut)).toMatchObject({ reply: { result: { finishReason: 'length' } } });
  expect(read(cut, chatCall({ output: json }))).toMatchObject({
    failure: { class: 'output_truncated', phase: 'finished', code: 'MAX_TOKENS' },
    spent: { usage: { outputTokens: 7 } },
  });
  const thinking = content([], { content: {}, finishReason: 'MAX_TOKENS' });
  expect(read(thinking)).toMatchObject({ reply: { result: { text: '', finishReason: 'length' } } });
});

test.each([
  'SAFETY',
  'RECITATION',
  'LANGUAGE',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
  'NO_IMAGE',
])('%s withholds the answer, which is paid', (finishReason) => {
  expect(read(content([{ text: 'part of it' }], { finishReason }))).toMatchObject({
    kind: 'failed',
    failure: { class: 'content_blocked_output', phase: 'finished', code: finishReason },
    spent: { usage: { inputTokens: 12 } },
  });
});

test.each(['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL'])(
  '%s is no answer',
  (finishReason) => {
    expect(read(content([], { finishReason }))).toMatchObject({
      failure: { class: 'output_invalid', phase: 'finished', code: finishReason },
      spent: { usage: { inputTokens: 12 } },
    });
  },
);

test('an unknown reason is told as other', () => {
  expect(read(content([{ text: 'x' }], { finishReason: 'OTHER' }))).toMatchObject({
    reply: { result: { finishReason: 'other' } },
  });
});

test('a blocked prompt is a refusal of the input inside a 200', () => {
  const feedback = { candidates: [], promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } };
  expect(read(content([], {}, feedback))).toMatchObject({
    kind: 'failed',
    failure: { class: 'content_blocked_input', phase: 'rejected', code: 'PROHIBITED_CONTENT' },
    spent: { usage: { inputTokens: 12 } },
  });
  const unsaid = read(content([], {}, { ...feedback, usageMetadata: null }));
  expect(unsaid).not.toHaveProperty('spent');
});

test('neither candidates nor a reason cannot be read', () => {
  expect(read(content([], {}, { candidates: [] }))).toMatchObject({
    failure: { class: 'provider_internal', code: 'reply_malformed' },
  });
});

test.each([
  {
    name: 'thoughts are counted beside the answer, the cache inside the prompt',
    usage: {
      promptTokenCount: 100,
      cachedContentTokenCount: 60,
      candidatesTokenCount: 10,
      thoughtsTokenCount: 30,
      toolUsePromptTokenCount: 5,
    },
    expected: { inputTokens: 45, cacheReadTokens: 60, outputTokens: 10, reasoningTokens: 30 },
  },
  {
    name: 'sounds and pictures apart from text, what of them was cached only once',
    usage: {
      promptTokenCount: 1000,
      cachedContentTokenCount: 300,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 100 },
        { modality: 'IMAGE', tokenCount: 500 },
        { modality: 'AUDIO', tokenCount: 400 },
      ],
      cacheTokensDetails: [{ modality: 'IMAGE', tokenCount: 300 }],
      candidatesTokenCount: 1300,
      candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1290 }],
    },
    expected: {
      inputTokens: 100,
      imageInputTokens: 200,
      audioInputTokens: 400,
      cacheReadTokens: 300,
      outputTokens: 10,
      imageOutputTokens: 1290,
    },
  },
  { name: 'nothing reported', usage: null, expected: {} },
])('usage: $name', ({ usage, expected }) => {
  const outcome = read(content([{ text: 'x' }], {}, { usageMetadata: usage }));
  expect(outcome.kind === 'done' ? outcome.reply.usage : null).toEqual(expected);
});

test('embeddings come in the order of the texts; a missing one makes the reply useless', () => {
  const embeddings = [{ values: [0.5, 0.25] }, { values: [0, 1] }];
  const body = { embeddings } as unknown as ReturnType<typeof content>;
  expect(read(body, embedCall())).toMatchObject({
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
      returnedModel: 'gemini-embedding-001',
    },
  });
  const lacking = { embeddings: [embeddings[0], {}] } as unknown as typeof body;
  expect(read(lacking, embedCall())).toMatchObject({ failure: { class: 'provider_internal' } });
});

test('a picture is kept as it was sent; words alone are none', () => {
  const picture = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } };
  const draft = { inlineData: { mimeType: 'image/png', data: 'AAAA' }, thought: true };
  expect(read(content([draft, { text: 'Here.' }, picture]), imageCall())).toMatchObject({
    reply: {
      result: {
        kind: 'image',
        images: [
          { media: { source: { kind: 'base64', data: 'iVBORw0KGgo=' }, mimeType: 'image/png' } },
        ],
      },
      usage: { images: 1 },
    },
  });
  expect(read(content([{ text: 'I would draw a cat.' }]), imageCall())).toMatchObject({
    failure: { class: 'output_invalid', code: 'image_missing' },
    spent: { usage: { outputTokens: 7 } },
  });
});
