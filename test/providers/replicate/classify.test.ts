import { expect, test } from 'vitest';

import { makeAdapter } from './support.ts';
import { reply } from '../calling.ts';

const throttled = 'Request was throttled. Your rate limit resets in ~30s.';

test.each([
  [400, { detail: 'Bad request' }, 'invalid_request', 'rejected'],
  [401, { title: 'Unauthenticated', detail: 'No token', status: 401 }, 'auth', 'rejected'],
  [
    402,
    { title: 'Insufficient credit', detail: 'Buy', status: 402 },
    'billing_exhausted',
    'rejected',
  ],
  [403, { detail: 'No access' }, 'permission', 'rejected'],
  [404, { detail: 'The requested resource could not be found.' }, 'not_found_model', 'rejected'],
  [413, 'Payload too large', 'payload_too_large', 'rejected'],
  [
    422,
    { detail: '- input: prompt is required', invalid_fields: [] },
    'invalid_request',
    'rejected',
  ],
  [422, { title: 'Invalid version or not permitted' }, 'not_found_model', 'rejected'],
  [429, { detail: throttled, status: 429 }, 'rate_limited', 'rejected'],
  [500, { detail: 'Internal server error' }, 'provider_internal', 'unknown'],
  [502, '<html>Bad gateway</html>', 'provider_internal', 'unknown'],
  [503, { detail: 'Service unavailable' }, 'overloaded', 'unknown'],
  [504, '', 'timeout', 'unknown'],
])('%i %j is %s, %s', (status, body, failureClass, phase) => {
  const failure = makeAdapter().classifyError({ kind: 'reply', reply: reply(status, body) });
  expect(failure).toMatchObject({ class: failureClass, phase, status });
});

test('the wait is taken from the header, or else from the words', () => {
  const adapter = makeAdapter();
  const body = { detail: throttled };
  const said = adapter.classifyError({ kind: 'reply', reply: reply(429, body) });
  expect(said).toMatchObject({ retryAfterMs: 30_000, detail: { message: throttled } });
  const sent = reply(429, body, { 'retry-after': '7' });
  expect(adapter.classifyError({ kind: 'reply', reply: sent })).toMatchObject({
    retryAfterMs: 7_000,
  });
});
