import { expect, test } from 'vitest';

import { chatCall, makeAdapter, restError, secretKey } from './support.ts';
import { reply } from '../calling.ts';

/** The page of errors: code, status, class, phase. */
const table = [
  [3036, 429, 'billing_exhausted', 'rejected'],
  [3040, 429, 'overloaded', 'rejected'],
  [3007, 408, 'timeout', 'unknown'],
  [3008, 408, 'timeout', 'unknown'],
  [3006, 413, 'payload_too_large', 'rejected'],
  [5007, 400, 'not_found_model', 'rejected'],
  [3042, 404, 'not_found_model', 'rejected'],
  [5016, 403, 'permission', 'rejected'],
  [5018, 403, 'permission', 'rejected'],
  [3023, 403, 'permission', 'rejected'],
  [3041, 403, 'permission', 'rejected'],
  [5004, 400, 'invalid_request', 'rejected'],
  [3003, 400, 'invalid_request', 'rejected'],
  [5005, 405, 'unsupported_parameter', 'rejected'],
  [5019, 405, 'invalid_request', 'rejected'],
  [5021, 400, 'context_length', 'rejected'],
  [10000, 403, 'auth', 'rejected'],
  [7003, 404, 'not_configured', 'rejected'],
] as const;

test.each(table)('%d over HTTP, with its status', (code, status, failureClass, phase) => {
  expect(makeAdapter().normalizeOutput(reply(status, restError(code)), chatCall())).toMatchObject({
    kind: 'failed',
    failure: { class: failureClass, phase, code: String(code), status },
  });
});

test.each(table)('%d thrown by the binding (status %d)', (code, _status, failureClass, phase) => {
  for (const message of [`${code}: words`, `AiError: ${code}: words`]) {
    const evidence = { kind: 'exception', name: 'InferenceUpstreamError', message, sent: true };
    expect(makeAdapter().classifyError(evidence as never)).toMatchObject({
      class: failureClass,
      phase,
      code: String(code),
      detail: { message },
    });
  }
});

test.each(table)('%d in a raw reply or in a stream', (code, _status, failureClass, phase) => {
  const raw = { internalCode: code, name: 'AiError', message: 'words', description: 'words' };
  const streamed = { error: `AiError: ${code}: words` };
  for (const body of [raw, streamed]) {
    expect(makeAdapter().classifyError({ kind: 'reply', reply: reply(200, body) })).toMatchObject({
      class: failureClass,
      phase,
      code: String(code),
    });
  }
});

test.each([
  [401, 'auth', 'rejected'],
  [404, 'not_found_model', 'rejected'],
  [429, 'rate_limited', 'rejected'],
  [500, 'provider_internal', 'unknown'],
  [502, 'provider_internal', 'unknown'],
  [524, 'timeout', 'unknown'],
])('a status of %d with a code that nobody knows', (status, failureClass, phase) => {
  const given = reply(status, restError(99999), { 'retry-after': '2' });
  expect(makeAdapter().classifyError({ kind: 'reply', reply: given })).toMatchObject({
    class: failureClass,
    phase,
    retryAfterMs: 2000,
  });
});

test('what is thrown without a code is the network', () => {
  const evidence = {
    kind: 'exception',
    name: 'Error',
    message: 'Network connection lost.',
    sent: true,
  };
  expect(makeAdapter().classifyError(evidence as never)).toMatchObject({
    class: 'network',
    phase: 'unknown',
  });
});

test('the token is not shown', () => {
  const given = reply(403, restError(10000, `no ${secretKey}`));
  const failure = makeAdapter().classifyError({ kind: 'reply', reply: given });
  expect(failure.detail).toMatchObject({ message: 'no ***' });
  expect(failure.message).toContain('CLOUDFLARE_API_TOKEN');
});
