import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { ChatCall, ModelCall } from '../../../src/domain/model/model-call.ts';
import type { OpenAiCompatibleProfile } from '../../../src/providers/openai-compatible/profile.ts';
import { openAiCompatibleProfiles } from '../../../src/providers/openai-compatible/profiles.ts';
import type { CallContext, CallOutcome } from '../../../src/providers/port.ts';
import { startSimulator, type Simulator } from '../../support/simulator/simulator.ts';
import type { FaultInput } from '../../support/simulator/types.ts';
import { chatCall, contextWith, embedCall, jsonOutput, makeAdapter, secretKey } from './support.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
beforeEach(() => simulator.reset());
afterAll(() => simulator.close());

type Options = {
  readonly call?: ModelCall;
  readonly context?: Partial<CallContext>;
  readonly profile?: OpenAiCompatibleProfile;
  readonly baseUrl?: string;
};

async function submit(options: Options = {}): Promise<CallOutcome> {
  const adapter = makeAdapter({
    fetch,
    baseUrl: options.baseUrl ?? `${simulator.url}/v1`,
    ...(options.profile === undefined ? {} : { profile: options.profile }),
  });
  const outcome = await adapter.submitJob(options.call ?? chatCall(), contextWith(options.context));
  expect(JSON.stringify(outcome)).not.toContain(secretKey);
  return outcome;
}

async function submitWithFault(fault: FaultInput, options: Options = {}): Promise<CallOutcome> {
  simulator.script({ fault });
  const outcome = await submit(options);
  await simulator.idle();
  return outcome;
}

const { openai, groq } = openAiCompatibleProfiles;

describe('against the simulator', () => {
  test('a chat is streamed and comes back whole', async () => {
    const outcome = await submit({ context: { idempotencyKey: 'att_3' } });
    expect(outcome).toEqual({
      kind: 'done',
      reply: {
        result: {
          kind: 'chat',
          text: 'Simulated answer to: Say hello to Ada.',
          finishReason: 'stop',
        },
        usage: { inputTokens: 5, outputTokens: 10 },
        rawUsage: expect.objectContaining({ prompt_tokens: 5, completion_tokens: 10 }) as object,
        returnedModel: 'gpt-4.1-mini',
        providerRequestId: expect.stringMatching(/^req_sim_\d+$/) as string,
      },
    });
    expect(simulator.journal()).toMatchObject([
      { stream: true, status: 200, paid: true, idempotency_key: 'att_3' },
    ]);
  });

  test('JSON follows the schema', async () => {
    const outcome = await submit({ call: chatCall({ output: jsonOutput }) });
    expect(outcome).toMatchObject({
      reply: { result: { text: '{"name":"Say hello to Ada"}', finishReason: 'stop' } },
    });
  });

  test('JSON in one piece comes through the same way', async () => {
    const outcome = await submit({ call: chatCall({ output: jsonOutput }), profile: groq });
    expect(outcome).toMatchObject({ kind: 'done', reply: { usage: { inputTokens: 5 } } });
    expect(simulator.journal()).toMatchObject([{ stream: false }]);
  });

  test('embeddings come back in order', async () => {
    const outcome = await submit({ call: embedCall({ dimensions: 8 }) });
    expect(outcome).toMatchObject({ kind: 'done', reply: { usage: { inputTokens: 2 } } });
    if (outcome.kind !== 'done' || outcome.reply.result.kind !== 'embed')
      throw new Error('not done');
    expect(outcome.reply.result.vectors.map((vector) => vector.length)).toEqual([8, 8]);
  });

  test('reasoning is a bucket of its own', async () => {
    const outcome = await submit({ call: chatCall({ parameters: { reasoningEffort: 'medium' } }) });
    expect(outcome).toMatchObject({
      reply: { usage: { inputTokens: 5, outputTokens: 10, reasoningTokens: 64 } },
    });
  });

  test('a long answer survives', async () => {
    const text = 'Grüße 你好 🎉 '.repeat(20_000);
    simulator.script({ reply: { text } });
    expect(await submit()).toMatchObject({ kind: 'done', reply: { result: { text } } });
  });
});

describe('faults end to end', () => {
  const plain: OpenAiCompatibleProfile = { ...openai, streamsJson: false };
  const jsonCall: ChatCall = chatCall({ output: jsonOutput });

  test.each<[string, FaultInput, object]>([
    [
      'a rate limit',
      { status: 429, retry_after: 2 },
      {
        class: 'rate_limited',
        phase: 'rejected',
        retryAfterMs: 2_000,
        code: 'rate_limit_exceeded',
      },
    ],
    [
      'a rate limit in milliseconds',
      { status: 429, retry_after_ms: 40 },
      { class: 'rate_limited', retryAfterMs: 40 },
    ],
    [
      'no credit',
      { status: 429, code: 'insufficient_quota' },
      { class: 'billing_exhausted', phase: 'rejected' },
    ],
    ['an outage', { status: 503 }, { class: 'overloaded', phase: 'unknown' }],
    ['a page of HTML', { not_json: true }, { class: 'provider_internal', status: 502 }],
    ['an error in a 200', { error_in_200: true }, { class: 'provider_internal', status: 200 }],
    [
      'a connection dropped at once',
      { drop: 'before_headers' },
      { class: 'network', phase: 'unknown' },
    ],
    [
      'a connection dropped after the work',
      { drop: 'after_request' },
      { class: 'network', phase: 'unknown' },
    ],
    ['a body dropped half-way', { drop: 'mid_body' }, { class: 'network', phase: 'unknown' }],
    ['a stream cut short', { malformed: 'truncated' }, { phase: 'unknown' }],
    [
      'a stream of nonsense',
      { malformed: 'invalid' },
      { class: 'provider_internal', code: 'reply_not_json' },
    ],
    [
      'an error in mid-stream',
      { stream_error: 2 },
      { class: 'provider_internal', phase: 'unknown' },
    ],
    [
      'an error in mid-stream that would be a refusal elsewhere',
      { stream_error: 1, code: 429 },
      { class: 'rate_limited', phase: 'unknown' },
    ],
    ['a refusal', { refusal: 'No.' }, { class: 'content_blocked_output', phase: 'finished' }],
  ])('%s', async (_name, fault, failure) => {
    expect(await submitWithFault(fault)).toMatchObject({ kind: 'failed', failure });
  });

  test.each<[string, FaultInput, object]>([
    ['a body dropped half-way', { drop: 'mid_body' }, { class: 'network', phase: 'unknown' }],
    [
      'JSON cut short',
      { malformed: 'truncated' },
      { class: 'provider_internal', code: 'reply_not_json' },
    ],
    [
      'invalid JSON',
      { malformed: 'invalid' },
      { class: 'provider_internal', code: 'reply_not_json' },
    ],
    [
      'an error in a 200',
      { error_in_200: true, code: 429 },
      { class: 'rate_limited', phase: 'rejected' },
    ],
    [
      'an answer cut at the limit',
      { truncate: true },
      { class: 'output_truncated', phase: 'finished' },
    ],
  ])('in one piece: %s', async (_name, fault, failure) => {
    const outcome = await submitWithFault(fault, { call: jsonCall, profile: plain });
    expect(outcome).toMatchObject({ kind: 'failed', failure });
  });

  test('a date to wait until is measured by the clock of the provider', async () => {
    const outcome = await submitWithFault({ status: 429, retry_after_date_s: 20 });
    if (outcome.kind !== 'failed') throw new Error('expected a failure');
    expect(outcome.failure.retryAfterMs).toBeGreaterThanOrEqual(19_000);
    expect(outcome.failure.retryAfterMs).toBeLessThanOrEqual(20_000);
  });

  test('text cut at the limit is a result that says so', async () => {
    expect(await submitWithFault({ truncate: true })).toMatchObject({
      kind: 'done',
      reply: { result: { finishReason: 'length' } },
    });
  });

  test('content against the schema is the later check to find', async () => {
    const outcome = await submitWithFault({ wrong_schema: true }, { call: jsonCall });
    expect(outcome).toMatchObject({ kind: 'done', reply: { result: { text: '{}' } } });
  });

  test('work that was done and then lost was paid, and the failure leaves that open', async () => {
    const outcome = await submitWithFault({ drop: 'after_request' });
    expect(outcome).toMatchObject({ failure: { phase: 'unknown' } });
    expect(simulator.journal()).toMatchObject([{ paid: true, ended: 'dropped', status: null }]);
  });

  test('a server that is not there took nothing', async () => {
    const gone = await startSimulator();
    await gone.close();
    expect(await submit({ baseUrl: `${gone.url}/v1` })).toMatchObject({
      failure: { class: 'network', phase: 'not_sent', code: 'connection_refused' },
    });
  });

  test('a wrong key is found, and not repeated though the server repeats it', async () => {
    const locked = await startSimulator({ key: 'another' });
    const outcome = await submit({ baseUrl: `${locked.url}/v1` });
    await locked.close();
    expect(outcome).toMatchObject({
      failure: {
        class: 'auth',
        phase: 'rejected',
        message: expect.stringContaining('OPENAI_API_KEY') as string,
        detail: { message: 'Incorrect API key provided: ***.' },
      },
    });
  });

  test('nothing is tried twice', async () => {
    await submitWithFault({ status: 503 });
    await submitWithFault({ drop: 'before_headers' });
    expect(simulator.stats().requests).toBe(2);
  });
});

describe('an abort', () => {
  const reasons = [
    ['deadline', { class: 'timeout', phase: 'unknown', code: 'deadline' }],
    ['cancel', { class: 'cancelled', phase: 'unknown', code: 'cancel' }],
  ] as const;

  test.each(reasons)('by %s ends a call that hangs', async (reason, failure) => {
    simulator.script({ fault: { hang: true } });
    const controller = new AbortController();
    const submitted = submit({ context: { signal: controller.signal } });
    await simulatorIsBusy();
    controller.abort(reason);
    expect(await submitted).toMatchObject({ kind: 'failed', failure });
    await simulator.idle();
    expect(simulator.journal()).toMatchObject([{ ended: 'client_left', paid: false }]);
  });

  test.each(reasons)('by %s ends a slow body', async (reason, failure) => {
    simulator.script({ fault: { slow_body: { delay_ms: 20, chunks: 1_000 } } });
    const controller = new AbortController();
    const context = { signal: controller.signal, onHeaders: () => controller.abort(reason) };
    expect(await submit({ context })).toMatchObject({ kind: 'failed', failure });
    await simulator.idle();
    expect(simulator.journal()).toMatchObject([{ ended: 'client_left' }]);
  });

  test('the platform’s own timeout counts as a deadline', async () => {
    simulator.script({ fault: { hang: true } });
    const outcome = await submit({ context: { signal: AbortSignal.timeout(20) } });
    expect(outcome).toMatchObject({ failure: { class: 'timeout', phase: 'unknown' } });
  });

  test('a slow body that is left alone arrives', async () => {
    expect(await submitWithFault({ slow_body: 2 })).toMatchObject({
      kind: 'done',
      reply: { result: { text: 'Simulated answer to: Say hello to Ada.' } },
    });
  });
});

async function simulatorIsBusy(): Promise<void> {
  while (simulator.stats().in_flight === 0) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
