import { expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import { submitStreamed } from '../calling.ts';
import { chatCall, classifyCall, makeAdapter } from './support.ts';

const frame = (type: string, more: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const start = frame('message_start', {
  message: {
    id: 'msg_01',
    type: 'message',
    model: 'claude-sonnet-4-5-20250929',
    content: [],
    usage: { input_tokens: 12, cache_read_input_tokens: 4, output_tokens: 1 },
  },
});
const open = (index: number, content_block: object) =>
  frame('content_block_start', { index, content_block });
const delta = (index: number, part: object) => frame('content_block_delta', { index, delta: part });
const text = (piece: string, index = 0) => delta(index, { type: 'text_delta', text: piece });
const end = (stop_reason: string) =>
  frame('message_delta', {
    delta: { stop_reason, stop_sequence: null },
    usage: { input_tokens: null, output_tokens: 7 },
  });
const stop = frame('message_stop');
const whole = [
  start,
  open(0, { type: 'text', text: '' }),
  frame('ping'),
  text('Hello '),
  text('Ada – ☀.'),
  frame('content_block_stop', { index: 0 }),
  end('end_turn'),
  stop,
];

const submitStream = (
  pieces: readonly (string | Uint8Array)[],
  { call = chatCall(), breaks = false }: { call?: ModelCall; breaks?: boolean } = {},
) => submitStreamed(makeAdapter, call, pieces, { breaks });

const helloAda = {
  kind: 'done',
  reply: {
    result: { kind: 'chat', text: 'Hello Ada – ☀.', finishReason: 'stop' },
    usage: { inputTokens: 12, cacheReadTokens: 4, outputTokens: 7 },
    returnedModel: 'claude-sonnet-4-5-20250929',
    providerRequestId: 'msg_01',
  },
};

test('the events of a stream fold into the message', async () => {
  const { outcome, heard } = await submitStream(whole);
  expect(outcome).toMatchObject(helloAda);
  expect(heard).toEqual(['Hello ', 'Ada – ☀.']);
});

test.each([1, 2, 3, 7, 64])('cut every %d bytes, it is the same message', async (size) => {
  const bytes = new TextEncoder().encode(whole.join('').replaceAll('\n', '\r\n'));
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.slice(at * size, (at + 1) * size),
  );
  expect((await submitStream(pieces)).outcome).toMatchObject(helloAda);
});

test('a tool is put together from pieces of JSON, whatever order the blocks come in', async () => {
  const { outcome, heard } = await submitStream([
    start,
    open(0, { type: 'text', text: 'I ' }),
    open(1, { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} }),
    delta(1, { type: 'input_json_delta', partial_json: '{"city":' }),
    text('look.'),
    delta(1, { type: 'input_json_delta', partial_json: '"Bonn"}' }),
    open(2, { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} }),
    open(3, { type: 'tool_use', id: 'toolu_3', name: 'cut', input: {} }),
    delta(3, { type: 'input_json_delta', partial_json: '{"a"' }),
    end('tool_use'),
    stop,
  ]);
  expect(outcome).toMatchObject({
    reply: {
      result: {
        text: 'I look.',
        finishReason: 'tool_calls',
        toolCalls: [
          { id: 'toolu_1', name: 'weather', arguments: '{"city":"Bonn"}' },
          { id: 'toolu_2', name: 'now', arguments: '{}' },
          { id: 'toolu_3', name: 'cut', arguments: '{"a"' },
        ],
      },
    },
  });
  expect(heard).toEqual(['I ', 'look.']);
});

const overloaded = frame('error', { error: { type: 'overloaded_error', message: 'Overloaded' } });

test('an error before the first word means that nothing was done', async () => {
  expect((await submitStream([overloaded, ...whole])).outcome).toMatchObject({
    kind: 'failed',
    failure: { class: 'overloaded', phase: 'rejected', status: 200, code: 'overloaded_error' },
  });
});

test('an error after the first word leaves open what was done; what was counted is spent', async () => {
  const { outcome } = await submitStream([...whole.slice(0, 4), overloaded]);
  expect(outcome).toMatchObject({
    kind: 'failed',
    failure: { class: 'overloaded', phase: 'unknown' },
    spent: { usage: { inputTokens: 12, cacheReadTokens: 4, outputTokens: 1 } },
  });
});

test('a stream that ends too early is no message', async () => {
  for (const breaks of [true, false]) {
    const { outcome } = await submitStream(whole.slice(0, 6), { breaks });
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'network', phase: 'unknown' },
    });
  }
});

test('a connection that breaks after the reason of the end changes nothing', async () => {
  expect((await submitStream(whole.slice(0, 7), { breaks: true })).outcome).toMatchObject(helloAda);
});

test('a refusal in a stream is one, and paid', async () => {
  const { outcome } = await submitStream([start, end('refusal'), stop]);
  expect(outcome).toMatchObject({
    kind: 'failed',
    failure: { class: 'content_blocked_output', phase: 'finished', code: 'refusal' },
    spent: { usage: { outputTokens: 7 } },
  });
});

test('an event that is no JSON makes the reply unreadable', async () => {
  const { outcome } = await submitStream([start, 'data: {"type": oops}\n\n']);
  expect(outcome).toMatchObject({
    failure: { class: 'provider_internal', code: 'reply_not_json' },
  });
});

test('events of unknown types are passed over', async () => {
  const { outcome } = await submitStream([frame('news', { x: 1 }), 'data: \n\n', ...whole]);
  expect(outcome).toMatchObject(helloAda);
});

test('a classification is read from the stream', async () => {
  const { outcome } = await submitStream(
    [
      start,
      open(0, { type: 'text', text: '' }),
      text('{"labels":[{"label":"billing","score":0.97}]}'),
      end('end_turn'),
      stop,
    ],
    { call: classifyCall },
  );
  expect(outcome).toMatchObject({
    reply: { result: { kind: 'classify', labels: [{ label: 'billing', score: 0.97 }] } },
  });
});
