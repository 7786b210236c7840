import { expect, test } from 'vitest';

import { submitStreamed } from '../calling.ts';
import { chatCall, makeAdapter } from './support.ts';

const frame = (piece: object): string => `data: ${JSON.stringify(piece)}\n\n`;
const done = 'data: [DONE]\n\n';
const usage = { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19 };
const whole = [
  frame({ response: 'Hello ', p: 'abcd' }),
  frame({ response: 'Ada – ☀.' }),
  frame({ response: '', usage }),
  done,
];

const submitStream = (pieces: readonly (string | Uint8Array)[], breaks = false) =>
  submitStreamed(makeAdapter, chatCall(), pieces, { breaks });

const helloAda = {
  kind: 'done',
  reply: {
    result: { kind: 'chat', text: 'Hello Ada – ☀.', finishReason: 'stop' },
    usage: { inputTokens: 12, outputTokens: 7 },
  },
};

test('the pieces of a stream fold into the answer', async () => {
  const { outcome, heard } = await submitStream(whole);
  expect(outcome).toMatchObject(helloAda);
  expect(heard).toEqual(['Hello ', 'Ada – ☀.']);
});

test.each([1, 2, 3, 7, 64])('cut every %d bytes, it is the same answer', async (size) => {
  const bytes = new TextEncoder().encode(whole.join(''));
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.slice(at * size, (at + 1) * size),
  );
  expect((await submitStream(pieces)).outcome).toMatchObject(helloAda);
});

test("chunks in OpenAI's shape fold as well", async () => {
  const chunk = (delta: object, finish_reason: string | null = null) =>
    frame({ choices: [{ index: 0, delta, finish_reason }] });
  const { outcome } = await submitStream([
    chunk({ role: 'assistant', content: 'Hello ' }),
    chunk({ content: 'Ada – ☀.' }),
    chunk({}, 'stop'),
    frame({ choices: [], usage }),
    done,
  ]);
  expect(outcome).toMatchObject(helloAda);
});

test('a call of a tool in a stream', async () => {
  const tool_calls = [{ name: 'weather', arguments: { city: 'Bonn' } }];
  const { outcome } = await submitStream([
    frame({ response: null, tool_calls }),
    ...whole.slice(2),
  ]);
  expect(outcome).toMatchObject({
    reply: {
      result: {
        finishReason: 'tool_calls',
        toolCalls: [{ id: 'call_0', name: 'weather', arguments: '{"city":"Bonn"}' }],
      },
    },
  });
});

test('a stream that ends too early is no answer', async () => {
  for (const breaks of [true, false]) {
    expect((await submitStream(whole.slice(0, 2), breaks)).outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'network', phase: 'unknown' },
    });
  }
});

test('an error in the stream counts', async () => {
  const failed = frame({ error: 'AiError: 3040: no capacity' });
  expect((await submitStream([failed])).outcome).toMatchObject({
    failure: { class: 'overloaded', phase: 'rejected', code: '3040' },
  });
  expect((await submitStream([...whole.slice(0, 1), failed])).outcome).toMatchObject({
    failure: { class: 'overloaded', phase: 'unknown' },
  });
});
