import { expect, test } from 'vitest';

import type { ChatCall } from '../../../src/domain/model/model-call.ts';
import { chatCall, makeAdapter, message } from './support.ts';
import { reply } from '../calling.ts';

const jsonOutput: ChatCall['output'] = { kind: 'json', schema: { type: 'object', properties: {} } };
const read = (overrides: object, call: ChatCall = chatCall()) =>
  makeAdapter().normalizeOutput(reply(200, message(overrides), { 'request-id': 'req_1' }), call);

test('a message is text, usage, the model that ran and the id for the support desk', () => {
  expect(read({})).toEqual({
    kind: 'done',
    reply: {
      result: { kind: 'chat', text: 'Hello Ada.', finishReason: 'stop' },
      usage: { inputTokens: 12, outputTokens: 7 },
      rawUsage: { input_tokens: 12, output_tokens: 7 },
      returnedModel: 'claude-sonnet-4-5-20250929',
      providerRequestId: 'req_1',
    },
  });
});

test.each([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['tool_use', 'tool_calls'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['pause_turn', 'other'],
  ['something_new', 'other'],
])('%s ends a text as %s', (stop_reason, finishReason) => {
  expect(read({ stop_reason })).toMatchObject({ reply: { result: { finishReason } } });
});

test.each(['max_tokens', 'model_context_window_exceeded', 'pause_turn'])(
  'JSON that ends by %s is not whole, and is paid',
  (stop_reason) => {
    expect(read({ stop_reason }, chatCall({ output: jsonOutput }))).toMatchObject({
      kind: 'failed',
      failure: { class: 'output_truncated', phase: 'finished', code: stop_reason },
      spent: { usage: { inputTokens: 12, outputTokens: 7 } },
    });
  },
);

test('a refusal is no answer, and is paid', () => {
  const stop = { stop_reason: 'refusal', stop_details: { type: 'refusal', category: 'cyber' } };
  expect(read({ ...stop, content: [{ type: 'text', text: 'I cannot' }] })).toMatchObject({
    kind: 'failed',
    failure: {
      class: 'content_blocked_output',
      phase: 'finished',
      code: 'refusal.cyber',
      detail: { message: 'I cannot' },
    },
    spent: { usage: { inputTokens: 12 } },
  });
  expect(read({ stop_reason: 'refusal', content: [] })).toMatchObject({
    failure: { code: 'refusal' },
  });
});

test('tool calls come with their arguments as JSON text; thinking is left out', () => {
  const content = [
    { type: 'thinking', thinking: 'hm', signature: 'x' },
    { type: 'text', text: 'I look.' },
    { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Bonn' } },
    { type: 'tool_use', name: 'without an id' },
  ];
  expect(read({ content, stop_reason: 'tool_use' })).toMatchObject({
    reply: {
      result: {
        text: 'I look.',
        finishReason: 'tool_calls',
        toolCalls: [{ id: 'toolu_1', name: 'weather', arguments: '{"city":"Bonn"}' }],
      },
    },
  });
});

test.each([
  {
    name: 'reads and both kinds of writes of the cache beside the input',
    usage: {
      input_tokens: 10,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 50,
      cache_creation: { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 20 },
      output_tokens: 5,
    },
    expected: {
      inputTokens: 10,
      cacheReadTokens: 100,
      cacheWriteTokens: 30,
      cacheWriteHourTokens: 20,
      outputTokens: 5,
    },
  },
  {
    name: 'writes without a breakdown count as short-lived',
    usage: { input_tokens: 1, cache_creation_input_tokens: 50, output_tokens: 2 },
    expected: { inputTokens: 1, cacheWriteTokens: 50, outputTokens: 2 },
  },
  {
    name: 'thinking is part of the output',
    usage: { input_tokens: 1, output_tokens: 9, output_tokens_details: { thinking_tokens: 6 } },
    expected: { inputTokens: 1, outputTokens: 3, reasoningTokens: 6 },
  },
  { name: 'nothing reported', usage: null, expected: {} },
])('usage: $name', ({ usage, expected }) => {
  const outcome = read({ usage });
  expect(outcome.kind === 'done' ? outcome.reply.usage : null).toEqual(expected);
});

test('an empty answer is one, a body without content is none', () => {
  expect(read({ content: [] })).toMatchObject({ kind: 'done', reply: { result: { text: '' } } });
  expect(read({ content: null })).toMatchObject({
    kind: 'failed',
    failure: { class: 'provider_internal', code: 'reply_malformed' },
    spent: { usage: { inputTokens: 12 } },
  });
});
