import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import { startSimulator, type Simulator } from '../../support/simulator/simulator.ts';
import { askToTheEnd, contextOf, ticketIn } from '../calling.ts';
import { calls, chatCall, makeAt } from './support.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
beforeEach(() => simulator.reset());
afterAll(() => simulator.close());

const adapterHere = () => makeAt(`${simulator.url}/workers-ai/client/v4`, fetch);
const submit = (call: ModelCall, onText: (piece: string) => void = () => undefined) =>
  adapterHere().submitJob(call, contextOf({ onText }));

const endOf = async (call: ModelCall) =>
  askToTheEnd(adapterHere(), ticketIn(await submit(call)), call);

test('a chat is streamed, counted and paid once', async () => {
  const heard: string[] = [];
  const text = 'Simulated answer to: Say hello to Ada.';
  expect(await submit(chatCall(), (piece) => void heard.push(piece))).toMatchObject({
    kind: 'done',
    reply: {
      result: { text, finishReason: 'stop' },
      usage: { inputTokens: 5, outputTokens: 10 },
    },
  });
  expect(heard.length).toBeGreaterThan(1);
  expect(heard.join('')).toBe(text);
  expect(simulator.journal()).toMatchObject([
    { model: '@cf/meta/llama-3.1-8b-instruct', stream: true, paid: true },
  ]);
});

test('JSON follows the schema', async () => {
  const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
  expect(await submit(chatCall({ output: { kind: 'json', schema } }))).toMatchObject({
    reply: { result: { text: '{"name":"Say hello to Ada"}' } },
  });
});

test.each(Object.values(calls))('$kind with $model', async (call) => {
  expect(await submit(call)).toMatchObject({
    kind: 'done',
    reply: { result: { kind: call.kind } },
  });
});

test('an older model gets a bare sound', async () => {
  expect(await submit({ ...calls.transcribe, model: '@cf/openai/whisper' })).toMatchObject({
    reply: { result: { text: 'Simulated transcript.' } },
  });
});

test.each([
  [{ status: 429 }, { class: 'overloaded', phase: 'rejected', code: '3040' }],
  [
    { status: 429, code: 3036 },
    { class: 'billing_exhausted', phase: 'rejected', code: '3036' },
  ],
  [{ status: 408 }, { class: 'timeout', phase: 'unknown' }],
  [{ stream_error: 1 }, { class: 'overloaded', phase: 'unknown' }],
  [{ drop: 'mid_body' }, { class: 'network', phase: 'unknown' }],
  [{ malformed: 'invalid' }, { class: 'provider_internal' }],
  [{ not_json: true }, { class: 'provider_internal', status: 502 }],
] as const)('a fault of the provider: %j', async (fault, failure) => {
  simulator.script({ fault });
  expect(await submit(chatCall())).toMatchObject({ kind: 'failed', failure });
});

test('queued work is taken once, goes on, and is done or fails', async () => {
  const call = chatCall({ execution: 'batch' });
  expect(await endOf(call)).toMatchObject({
    kind: 'done',
    reply: { result: { text: 'Simulated answer to: Say hello to Ada.' } },
  });
  expect(await endOf({ ...calls.embed, execution: 'batch' })).toMatchObject({
    reply: { result: { kind: 'embed' } },
  });
  simulator.script({ fault: { fails_later: true } });
  expect(await endOf(call)).toMatchObject({
    failure: { class: 'overloaded', phase: 'accepted', code: '3040' },
  });
});
