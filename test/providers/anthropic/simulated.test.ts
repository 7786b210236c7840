import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import { makeAnthropic } from '../../../src/providers/anthropic/adapter.ts';
import { startSimulator, type Simulator } from '../../support/simulator/simulator.ts';
import { askToTheEnd, ticketIn } from '../calling.ts';
import { chatCall, classifyCall, contextWith, secretKey } from './support.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
beforeEach(() => simulator.reset());
afterAll(() => simulator.close());

const adapterHere = () =>
  makeAnthropic({
    id: 'anthropic',
    baseUrl: `${simulator.url}/anthropic/v1`,
    apiKey: secretKey,
    secretName: 'ANTHROPIC_API_KEY',
    fetch,
  });
const submit = (call: ModelCall) => adapterHere().submitJob(call, contextWith());

const batchCall = chatCall({ execution: 'batch' });

const ticketFor = async (call: ModelCall) => ticketIn(await submit(call));
const endOf = async (call: ModelCall) =>
  askToTheEnd(adapterHere(), await ticketFor(call), call, contextWith());

test('a chat is streamed, counted and paid once', async () => {
  const heard: string[] = [];
  const context = contextWith({ onText: (piece) => void heard.push(piece) });
  const outcome = await adapterHere().submitJob(chatCall(), context);
  const text = 'Simulated answer to: Say hello to Ada.';
  expect(outcome).toMatchObject({
    kind: 'done',
    reply: {
      result: { text, finishReason: 'stop' },
      usage: { inputTokens: 5, outputTokens: 10 },
      returnedModel: 'claude-sonnet-4-5',
    },
  });
  expect(heard.length).toBeGreaterThan(1);
  expect(heard.join('')).toBe(text);
  expect(simulator.journal()).toMatchObject([
    { path: '/anthropic/v1/messages', stream: true, paid: true, idempotency_key: 'job_1:write:1' },
  ]);
});

test('JSON follows the schema, a classification its labels, a tool its parameters', async () => {
  const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
  expect(await submit(chatCall({ output: { kind: 'json', schema } }))).toMatchObject({
    reply: { result: { text: '{"name":"Say hello to Ada"}' } },
  });
  expect(await submit(classifyCall)).toMatchObject({ reply: { result: { kind: 'classify' } } });
  const tools = [{ name: 'greet', parameters: schema }];
  expect(await submit(chatCall({ tools, toolChoice: 'required' }))).toMatchObject({
    reply: {
      result: {
        finishReason: 'tool_calls',
        toolCalls: [{ name: 'greet', arguments: '{"name":"Say hello to Ada"}' }],
      },
    },
  });
});

test.each([
  [
    { status: 429, retry_after: 3 },
    { class: 'rate_limited', phase: 'rejected', retryAfterMs: 3000 },
  ],
  [{ status: 529 }, { class: 'overloaded', phase: 'rejected' }],
  [{ status: 401 }, { class: 'auth', phase: 'rejected' }],
  [{ stream_error: 1 }, { class: 'overloaded', phase: 'unknown' }],
  [{ drop: 'mid_body' }, { class: 'network', phase: 'unknown' }],
  [{ malformed: 'invalid' }, { class: 'provider_internal' }],
  [{ not_json: true }, { class: 'provider_internal', status: 502 }],
  [{ refusal: true }, { class: 'content_blocked_output', phase: 'finished' }],
] as const)('a fault of the provider: %j', async (fault, failure) => {
  simulator.script({ fault });
  expect(await submit(chatCall())).toMatchObject({ kind: 'failed', failure });
});

test('a batch is taken once, goes on, and is done', async () => {
  expect(await endOf(batchCall)).toMatchObject({
    kind: 'done',
    reply: { result: { text: 'Simulated answer to: Say hello to Ada.' } },
  });
  expect(simulator.stats().paid).toBe(1);
});

test('a batch may fail in the end, or be cancelled', async () => {
  simulator.script({ fault: { fails_later: true, type: 'overloaded_error' } });
  expect(await endOf(batchCall)).toMatchObject({
    kind: 'failed',
    failure: { class: 'overloaded', phase: 'accepted' },
  });
  simulator.script();
  const ticket = await ticketFor(batchCall);
  await adapterHere().cancelJob?.(ticket, batchCall, contextWith());
  expect(await adapterHere().getJobStatus?.(ticket, batchCall, contextWith())).toMatchObject({
    kind: 'failed',
    failure: { class: 'cancelled', phase: 'accepted' },
  });
});

test('a submit whose answer was lost is found once its batch has ended', async () => {
  simulator.script({ fault: { drop: 'after_request' }, reply: { polls: 0 }, times: 1 });
  const startedAtMs = Date.now();
  expect(await submit(batchCall)).toMatchObject({ failure: { phase: 'unknown' } });
  const lost = { call: batchCall, callbackUrl: null, startedAtMs };
  const find = (idempotencyKey: string) =>
    adapterHere().findJob?.({ ...lost, idempotencyKey }, contextWith());
  expect(await find('job_1:write:1')).toMatchObject({ kind: 'found' });
  // Another attempt's batch might not show yet.
  expect(await find('job_1:write:2')).toEqual({ kind: 'unknown' });
  expect(simulator.stats().paid).toBe(1);
});
