import { expect, test } from 'vitest';

import { submitStreamed } from '../calling.ts';
import { chatCall, error, makeAdapter } from './support.ts';

const frame = (piece: object): string => `data: ${JSON.stringify(piece)}\r\n\r\n`;
const piece = (parts: readonly object[], candidate: object = {}, more: object = {}): string =>
  frame({
    candidates: [{ content: { role: 'model', parts }, index: 0, ...candidate }],
    usageMetadata: { promptTokenCount: 12 },
    modelVersion: 'gemini-2.5-flash-001',
    responseId: 'resp_1',
    ...more,
  });
const last = piece(
  [{ text: 'Ada – ☀.' }],
  { finishReason: 'STOP' },
  {
    usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 7, thoughtsTokenCount: 3 },
  },
);
const whole = [piece([{ text: 'hm', thought: true }]), piece([{ text: 'Hello ' }]), last];

const submitStream = (pieces: readonly (string | Uint8Array)[], breaks = false) =>
  submitStreamed(makeAdapter, chatCall(), pieces, { breaks });

const helloAda = {
  kind: 'done',
  reply: {
    result: { kind: 'chat', text: 'Hello Ada – ☀.', finishReason: 'stop' },
    usage: { inputTokens: 12, outputTokens: 7, reasoningTokens: 3 },
    returnedModel: 'gemini-2.5-flash-001',
    providerRequestId: 'resp_1',
  },
};

test('the pieces of a stream fold into the reply; thoughts are not heard', async () => {
  const { outcome, heard } = await submitStream(whole);
  expect(outcome).toMatchObject(helloAda);
  expect(heard).toEqual(['Hello ', 'Ada – ☀.']);
});

test.each([1, 2, 3, 7, 64])('cut every %d bytes, it is the same reply', async (size) => {
  const bytes = new TextEncoder().encode(whole.join(''));
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.slice(at * size, (at + 1) * size),
  );
  expect((await submitStream(pieces)).outcome).toMatchObject(helloAda);
});

test('a stream that ends too early is no reply', async () => {
  for (const breaks of [true, false]) {
    expect((await submitStream(whole.slice(0, 2), breaks)).outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'network', phase: 'unknown' },
    });
  }
});

test('a connection that breaks after the reason of the end changes nothing', async () => {
  expect((await submitStream(whole, true)).outcome).toMatchObject(helloAda);
});

test('what comes after the reason of the end still counts', async () => {
  const usage = frame({ usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 9 } });
  expect((await submitStream([...whole, usage])).outcome).toMatchObject({
    reply: { usage: { outputTokens: 9 } },
  });
});

test('an error in the stream counts, with what was spent until then', async () => {
  const failed = frame(error(503, 'UNAVAILABLE', 'The model is overloaded.'));
  expect((await submitStream([failed, ...whole])).outcome).toMatchObject({
    kind: 'failed',
    failure: { class: 'overloaded', phase: 'unknown', code: 'UNAVAILABLE' },
  });
  const limited = frame(error(429, 'RESOURCE_EXHAUSTED'));
  const { outcome } = await submitStream([piece([{ text: 'Hello ' }]), limited]);
  expect(outcome).toMatchObject({
    failure: { class: 'rate_limited', phase: 'unknown' },
    spent: { usage: { inputTokens: 12 } },
  });
});

test('a blocked prompt ends the stream at once', async () => {
  const blocked = frame({ promptFeedback: { blockReason: 'SAFETY' } });
  expect((await submitStream([blocked])).outcome).toMatchObject({
    failure: { class: 'content_blocked_input', code: 'SAFETY' },
  });
});

test('a piece that is no JSON makes the reply unreadable', async () => {
  expect((await submitStream(['data: {"candidates": oops}\n\n'])).outcome).toMatchObject({
    failure: { class: 'provider_internal', code: 'reply_not_json' },
  });
});
