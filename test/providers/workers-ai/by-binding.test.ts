import { expect, test } from 'vitest';

import type { AiBinding } from '../../../src/providers/binding.ts';
import { contextOf } from '../calling.ts';
import { calls, chatCall, envelope, llama, makeBound, results } from './support.ts';

type Run = Parameters<AiBinding['run']>;

/** A binding that answers so, and what it was asked. */
function bound(answer: () => unknown): { adapter: ReturnType<typeof makeBound>; runs: Run[] } {
  const runs: Run[] = [];
  const adapter = makeBound(async (...run) => {
    runs.push(run);
    return answer();
  });
  return { adapter, runs };
}

const streamed = 'data: {"response":"Hello Ada."}\n\ndata: [DONE]\n\n';
const helloAda = { kind: 'done', reply: { result: { kind: 'chat', text: 'Hello Ada.' } } };

test('the model runs with the input and nothing else', async () => {
  const { adapter, runs } = bound(() => results.chat);
  const signal = new AbortController().signal;
  expect(await adapter.submitJob(chatCall(), contextOf({ signal }))).toMatchObject(helloAda);
  expect(runs).toEqual([
    [
      llama,
      {
        messages: [{ role: 'user', content: 'Say hello to Ada.' }],
        max_tokens: 2048,
        stream: true,
      },
      { returnRawResponse: true, signal },
    ],
  ]);
});

test.each([
  [
    'a raw response',
    () => new Response(streamed, { headers: { 'content-type': 'text/event-stream' } }),
  ],
  ['a bare stream', () => new Response(streamed).body],
  ['a raw response of JSON', () => Response.json(results.chat)],
  ['one with the envelope', () => Response.json(envelope(results.chat))],
])('%s is read', async (_name, answer) => {
  expect(await bound(answer).adapter.submitJob(chatCall(), contextOf())).toMatchObject(helloAda);
});

test('a picture is a bare stream of bytes', async () => {
  const { adapter } = bound(() => new Response(Uint8Array.of(137, 80, 78, 71)).body);
  expect(await adapter.submitJob(calls.image, contextOf())).toMatchObject({
    reply: { result: { images: [{ media: { source: { data: 'iVBORw==' }, mimeType: null } }] } },
  });
});

test('an older model gets the bytes of a sound as numbers', async () => {
  const { adapter, runs } = bound(() => results.transcribe);
  const call = { ...calls.transcribe, model: '@cf/openai/whisper' };
  expect(await adapter.submitJob(call, contextOf())).toMatchObject({
    reply: { result: { text: 'Good morning.' } },
  });
  expect(runs[0]?.slice(0, 2)).toEqual(['@cf/openai/whisper', { audio: [1, 2, 3] }]);
});

test('a batch is queued and asked for', async () => {
  const { adapter, runs } = bound(() => results.queued);
  const call = chatCall({ execution: 'batch' });
  const ticket = { providerJobId: results.queued.request_id, data: null };
  expect(await adapter.submitJob(call, contextOf())).toMatchObject({ kind: 'pending', ticket });
  expect(await adapter.getJobStatus?.(ticket, call, contextOf())).toMatchObject({
    kind: 'pending',
  });
  expect(
    runs.map(([, input, options]) => [Object.keys(input ?? {}), options['queueRequest']]),
  ).toEqual([
    [['requests'], true],
    [['request_id'], true],
  ]);
});

test('what it throws is told by the code at the beginning', async () => {
  const { adapter } = bound(() => {
    throw new Error('3036: you have used up your daily free allocation of 10,000 neurons');
  });
  expect(await adapter.submitJob(chatCall(), contextOf())).toMatchObject({
    kind: 'failed',
    failure: { class: 'billing_exhausted', phase: 'rejected', code: '3036' },
  });
});

test('a raw error is told by its code', async () => {
  const { adapter } = bound(() =>
    Response.json({ internalCode: 3040, description: 'no capacity' }, { status: 429 }),
  );
  expect(await adapter.submitJob(chatCall(), contextOf())).toMatchObject({
    failure: { class: 'overloaded', phase: 'rejected', code: '3040', status: 429 },
  });
});

test.each([
  ['cancel', 'cancelled'],
  ['deadline', 'timeout'],
])('%s cuts a run that does not listen', async (reason, failureClass) => {
  const controller = new AbortController();
  const adapter = makeBound(() => {
    setTimeout(() => controller.abort(reason), 0);
    return new Promise(() => undefined);
  });
  expect(
    await adapter.submitJob(chatCall(), contextOf({ signal: controller.signal })),
  ).toMatchObject({ kind: 'failed', failure: { class: failureClass, phase: 'unknown' } });
});
