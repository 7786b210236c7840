import { describe, expect, test } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import { usageOf } from '../../../src/providers/openai-compatible/usage.ts';
import { chatCall, embedCall, jsonOutput, makeAdapter } from './support.ts';
import { reply } from '../calling.ts';

const adapter = makeAdapter();

const usage = {
  prompt_tokens: 1_200,
  completion_tokens: 340,
  total_tokens: 1_540,
  prompt_tokens_details: { cached_tokens: 1_024, cache_write_tokens: 100, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 300, audio_tokens: 0 },
};

function completion(message: Json, finishReason: string | null, extra = {}): Json {
  return {
    id: 'chatcmpl-9',
    object: 'chat.completion',
    created: 1_795_000_000,
    model: 'gpt-4.1-mini-2025-04-14',
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    usage,
    system_fingerprint: 'fp_1',
    ...extra,
  };
}

const hello = { role: 'assistant', content: 'Hello, Ada.', refusal: null };

describe('a chat reply', () => {
  test('becomes text with its usage in buckets that do not overlap', () => {
    const outcome = adapter.normalizeOutput(
      reply(200, completion(hello, 'stop'), { 'x-request-id': 'req_1' }),
      chatCall(),
    );
    expect(outcome).toEqual({
      kind: 'done',
      reply: {
        result: { kind: 'chat', text: 'Hello, Ada.', finishReason: 'stop' },
        usage: {
          inputTokens: 76,
          cacheReadTokens: 1_024,
          cacheWriteTokens: 100,
          outputTokens: 40,
          reasoningTokens: 300,
        },
        rawUsage: usage,
        returnedModel: 'gpt-4.1-mini-2025-04-14',
        providerRequestId: 'req_1',
      },
    });
  });

  test.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['tool_calls', 'tool_calls'],
    ['function_call', 'tool_calls'],
    ['eos', 'other'],
    [null, 'other'],
    ['toString', 'other'],
  ])('that ended by %s is done with %s', (wire, finishReason) => {
    const outcome = adapter.normalizeOutput(reply(200, completion(hello, wire)), chatCall());
    expect(outcome).toMatchObject({ kind: 'done', reply: { result: { finishReason } } });
  });

  test('without usage, model or ids is still a reply', () => {
    const body = { choices: [{ message: { content: 'Hi' } }] };
    expect(adapter.normalizeOutput(reply(200, body), chatCall())).toEqual({
      kind: 'done',
      reply: {
        result: { kind: 'chat', text: 'Hi', finishReason: 'other' },
        usage: {},
        rawUsage: null,
        returnedModel: 'gpt-4.1-mini',
        providerRequestId: null,
      },
    });
  });

  test('with content in parts is joined', () => {
    const message = {
      content: [
        { type: 'text', text: 'Hel' },
        { type: 'text', text: 'lo' },
      ],
    };
    const outcome = adapter.normalizeOutput(reply(200, completion(message, 'stop')), chatCall());
    expect(outcome).toMatchObject({ kind: 'done', reply: { result: { text: 'Hello' } } });
  });

  test('cut at the limit is a truncated output where JSON was asked for', () => {
    const outcome = adapter.normalizeOutput(
      reply(200, completion({ content: '{"name":"A' }, 'length')),
      chatCall({ output: jsonOutput }),
    );
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'output_truncated', phase: 'finished', code: 'length' },
      spent: { rawUsage: usage },
    });
  });

  test('that is a refusal is blocked output, and its words stay in the detail', () => {
    const message = { role: 'assistant', content: null, refusal: 'I will not do that.' };
    const outcome = adapter.normalizeOutput(reply(200, completion(message, 'stop')), chatCall());
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: {
        class: 'content_blocked_output',
        phase: 'finished',
        code: 'refusal',
        detail: { message: 'I will not do that.' },
      },
    });
    expect(outcome).not.toHaveProperty('failure.message', expect.stringContaining('I will not'));
  });

  test('that a filter cut is blocked output', () => {
    const outcome = adapter.normalizeOutput(
      reply(200, completion({ content: 'Half' }, 'content_filter')),
      chatCall(),
    );
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'content_blocked_output', phase: 'finished', code: 'content_filter' },
    });
  });

  test.each<[string, Json, string]>([
    ['an empty object', {}, 'reply_malformed'],
    ['no choices', completion(hello, 'stop', { choices: [] }), 'reply_malformed'],
    ['a choice without a message', { choices: [{ index: 0 }] }, 'reply_malformed'],
    ['a text', '<html>Welcome</html>', 'reply_not_json'],
    ['null', null, 'reply_malformed'],
  ])('that is %s is a failure of the provider', (_name, body, code) => {
    expect(adapter.normalizeOutput(reply(200, body), chatCall())).toMatchObject({
      kind: 'failed',
      failure: { class: 'provider_internal', phase: 'unknown', status: 200, code },
    });
  });
});

describe('an error inside a 200', () => {
  test.each<[string, Json, object]>([
    [
      'with a status of its own',
      { error: { code: 429, message: 'slow' } },
      { class: 'rate_limited', phase: 'rejected' },
    ],
    [
      'with a status in words',
      { error: { code: '502', message: 'upstream' } },
      { class: 'provider_internal', phase: 'unknown' },
    ],
    [
      'with a type only',
      { error: { type: 'invalid_request_error', message: 'bad' } },
      { class: 'invalid_request', phase: 'rejected' },
    ],
    [
      'with nothing but words',
      { error: 'something broke' },
      { class: 'provider_internal', phase: 'unknown' },
    ],
    [
      'in the shape of vLLM',
      { object: 'error', message: 'bad', type: 'BadRequestError', code: 400 },
      { class: 'invalid_request', phase: 'rejected' },
    ],
    [
      'as a flat event',
      { type: 'error', code: 'server_is_overloaded', message: 'busy' },
      { class: 'overloaded', phase: 'unknown' },
    ],
    [
      'in a list',
      [{ error: { code: 403, message: 'no' } }],
      { class: 'permission', phase: 'rejected' },
    ],
    [
      'inside the choice, after work was done',
      completion(hello, 'error', {
        choices: [{ index: 0, message: hello, error: { code: 502, message: 'lost' } }],
      }),
      { class: 'provider_internal', phase: 'unknown' },
    ],
    [
      'beside content, so that work was done whatever the status',
      completion(hello, null, { error: { code: 429, message: 'slow' } }),
      { class: 'rate_limited', phase: 'unknown' },
    ],
  ])('%s', (_name, body, failure) => {
    expect(adapter.normalizeOutput(reply(200, body), chatCall())).toMatchObject({
      kind: 'failed',
      failure: { ...failure, status: 200 },
    });
  });

  test('is not made of an error field that is null', () => {
    const body = completion(hello, 'stop', { error: null });
    expect(adapter.normalizeOutput(reply(200, body), chatCall())).toMatchObject({ kind: 'done' });
  });
});

describe('an embeddings reply', () => {
  const call = embedCall();
  const body = {
    object: 'list',
    model: 'text-embedding-3-small',
    data: [
      { object: 'embedding', index: 1, embedding: [0.3, 0.4] },
      { object: 'embedding', index: 0, embedding: [0.1, 0.2] },
    ],
    usage: { prompt_tokens: 4, total_tokens: 4 },
  };

  test('gives the vectors in the order of the texts', () => {
    expect(adapter.normalizeOutput(reply(200, body, { 'x-request-id': 'r' }), call)).toEqual({
      kind: 'done',
      reply: {
        result: {
          kind: 'embed',
          vectors: [
            [0.1, 0.2],
            [0.3, 0.4],
          ],
        },
        usage: { inputTokens: 4 },
        rawUsage: body.usage,
        returnedModel: 'text-embedding-3-small',
        providerRequestId: 'r',
      },
    });
  });

  test.each<[string, Json]>([
    ['too few vectors', { ...body, data: body.data.slice(1) }],
    ['the same text twice', { ...body, data: [body.data[0], body.data[0]] as Json }],
    ['a vector that is not one', { ...body, data: [{ embedding: ['x'] }, { embedding: 'eA==' }] }],
    ['no data', {}],
  ])('with %s is a failure of the provider', (_name, broken) => {
    expect(adapter.normalizeOutput(reply(200, broken), call)).toMatchObject({
      kind: 'failed',
      failure: { class: 'provider_internal', code: 'reply_malformed' },
    });
  });
});

describe('usage', () => {
  test.each<[string, Json, object]>([
    ['nothing reported', null, {}],
    ['plain', { prompt_tokens: 5, completion_tokens: 3 }, { inputTokens: 5, outputTokens: 3 }],
    [
      'reasoning counted on top, as the total shows',
      {
        prompt_tokens: 10,
        completion_tokens: 4,
        total_tokens: 34,
        completion_tokens_details: { reasoning_tokens: 20 },
      },
      { inputTokens: 10, outputTokens: 4, reasoningTokens: 20 },
    ],
    [
      'more cached than sent never goes below zero',
      { prompt_tokens: 3, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 8 } },
      { cacheReadTokens: 8, outputTokens: 1 },
    ],
    [
      'nonsense is ignored',
      { prompt_tokens: '5', completion_tokens: -2, prompt_tokens_details: null },
      {},
    ],
  ])('%s', (_name, raw, expected) => {
    expect(usageOf({ usage: raw }, chatCall())).toEqual(expected);
  });
});
