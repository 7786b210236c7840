import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { CallContext, CallOutcome } from '../../../src/providers/port.ts';
import { contextOf } from '../calling.ts';
import { adapterAt, type Base } from './base.ts';
import { callOf } from './question.ts';
import { vendors, type Vendor } from './vendors.ts';

/** Faults as an independent mock makes them, by its headers and in its fixtures, read by the adapters. */
const aimock = new LLMock({ port: 0, logLevel: 'silent', chunkSize: 4 });
let base: Base;
beforeAll(async () => {
  const content = 'Hello, Ada. It is good to see you again after all these years.';
  aimock.on({ userMessage: 'hello' }, { content });
  aimock.on({ userMessage: 'stop short' }, { content }, { truncateAfterChunks: 3 });
  aimock.on({ userMessage: 'hang up' }, { content }, { latency: 20, disconnectAfterMs: 50 });
  await aimock.start();
  base = { url: aimock.url, mock: 'aimock' };
});
afterAll(() => aimock.stop());

function ask(
  { provider, model, execution }: Vendor,
  prompt: string,
  context: Partial<CallContext> = {},
): Promise<CallOutcome> {
  const question = { system: 'You are brief.', prompt, maxTokens: 1_000, temperature: 0.5 };
  const call = { ...callOf(question), model, ...(execution === undefined ? {} : { execution }) };
  return adapterAt(base, provider).submitJob(call, contextOf(context));
}

function failed(failure: object): object {
  return { kind: 'failed', failure };
}

const chaos = [
  ['drop', { class: 'provider_internal', phase: 'unknown', status: 500 }],
  ['malformed', { class: 'provider_internal', phase: 'unknown', code: 'reply_not_json' }],
  [
    'ratelimit',
    { class: 'rate_limited', phase: 'rejected', status: 429, retryAfterMs: expect.any(Number) },
  ],
  ['disconnect', { class: 'network', phase: 'unknown' }],
] as const;

const chaotic = vendors.flatMap((vendor) =>
  chaos.map(([fault, failure]) => ({ vendor, fault, failure })),
);

describe('asked for in a header', () => {
  test.each(chaotic)('$vendor.name: $fault', async ({ vendor, fault, failure }) => {
    const headers = { [`x-aimock-chaos-${fault}`]: '1' };
    expect(await ask(vendor, 'hello', { headers })).toMatchObject(failed(failure));
  });

  test.each(vendors)('$name: an answer that comes too late is a time-out', async (vendor) => {
    const headers = { 'x-aimock-chaos-latency': '5000' };
    const deadline = new AbortController();
    setTimeout(() => deadline.abort('deadline'), 100);
    expect(await ask(vendor, 'hello', { headers, signal: deadline.signal })).toMatchObject(
      failed({ class: 'timeout', phase: 'unknown', code: 'deadline' }),
    );
  });
});

const streamed = vendors.filter(({ execution }) => execution === undefined);

describe('in the middle of a stream', () => {
  test.each(streamed)('$name: an answer that is cut short is no answer', async (vendor) => {
    for (const prompt of ['stop short', 'hang up']) {
      // oxlint-disable-next-line no-await-in-loop -- two ways of the same
      expect(await ask(vendor, prompt)).toMatchObject(
        failed({ class: 'network', phase: 'unknown' }),
      );
    }
  });
});

const errors = [
  ['OpenAI chat', 401, 'invalid_request_error', 'invalid_api_key', 'auth'],
  ['OpenAI chat', 429, 'insufficient_quota', 'insufficient_quota', 'billing_exhausted'],
  ['OpenAI chat', 400, 'invalid_request_error', 'context_length_exceeded', 'context_length'],
  ['OpenAI chat', 503, 'server_error', 'server_is_overloaded', 'overloaded'],
  ['OpenAI Responses', 429, 'insufficient_quota', 'insufficient_quota', 'billing_exhausted'],
  ['OpenAI Responses', 404, 'invalid_request_error', 'model_not_found', 'not_found_model'],
  ['Anthropic messages', 529, 'overloaded_error', '', 'overloaded'],
  ['Anthropic messages', 401, 'authentication_error', '', 'auth'],
  ['Anthropic messages', 402, 'billing_error', '', 'billing_exhausted'],
  ['Anthropic messages', 413, 'request_too_large', '', 'payload_too_large'],
  ['Google generateContent', 429, 'RESOURCE_EXHAUSTED', '', 'rate_limited'],
  ['Google generateContent', 403, 'PERMISSION_DENIED', '', 'permission'],
  ['Google generateContent', 503, 'UNAVAILABLE', '', 'overloaded'],
  ['Google generateContent', 504, 'DEADLINE_EXCEEDED', '', 'timeout'],
] as const;

describe('as an error of the vendor', () => {
  test.each(errors)('%s: %i %s %s is %s', async (name, status, type, code, failureClass) => {
    const vendor = vendors.find((known) => known.name === name);
    expect(vendor).toBeDefined();
    aimock.nextRequestError(status, {
      message: 'Not now.',
      type,
      ...(code === '' ? {} : { code }),
    });
    const outcome = vendor && (await ask(vendor, 'hello'));
    expect(outcome).toMatchObject(failed({ class: failureClass, status }));
    // Once only.
    expect(vendor && (await ask(vendor, 'hello'))).not.toMatchObject({ kind: 'failed' });
  });
});
