import { expect, test } from 'vitest';

import type { WireReply } from '../../../src/providers/port.ts';
import { chatCall, detail, error, makeAdapter, secretKey } from './support.ts';
import { reply } from '../calling.ts';

type Row = readonly [name: string, reply: WireReply, expected: Readonly<Record<string, unknown>>];

const rejected = (failureClass: string, more: object = {}) => ({
  class: failureClass,
  phase: 'rejected',
  ...more,
});
const open = (failureClass: string) => ({ class: failureClass, phase: 'unknown' });
const quota = (quotaId: string) => [
  detail('QuotaFailure', { violations: [{ quotaId, quotaValue: '10' }] }),
  detail('RetryInfo', { retryDelay: '12.5s' }),
];
const at = (code: number, status: string, message?: string, details?: readonly object[]) =>
  reply(code, error(code, status, message, details));

const rows: readonly Row[] = [
  [
    'invalid',
    at(400, 'INVALID_ARGUMENT'),
    rejected('invalid_request', { code: 'INVALID_ARGUMENT' }),
  ],
  [
    'a wrong key, as a 400',
    at(400, 'INVALID_ARGUMENT', 'API key not valid.', [
      detail('ErrorInfo', { reason: 'API_KEY_INVALID', domain: 'googleapis.com' }),
    ]),
    rejected('auth', { code: 'API_KEY_INVALID' }),
  ],
  ['an expired key', at(400, 'INVALID_ARGUMENT', 'API key expired. Renew it.'), rejected('auth')],
  [
    'too long a prompt',
    at(
      400,
      'INVALID_ARGUMENT',
      'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
    ),
    rejected('context_length'),
  ],
  [
    'a parameter that the model lacks',
    at(400, 'INVALID_ARGUMENT', 'Thinking level is not supported for this model.'),
    rejected('unsupported_parameter'),
  ],
  [
    'not offered there',
    at(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.'),
    rejected('permission'),
  ],
  [
    'no billing',
    at(400, 'FAILED_PRECONDITION', 'Please enable billing on your project.'),
    rejected('billing_exhausted'),
  ],
  ['unauthenticated', at(401, 'UNAUTHENTICATED'), rejected('auth')],
  ['not allowed', at(403, 'PERMISSION_DENIED'), rejected('permission')],
  [
    'billing switched off',
    at(403, 'PERMISSION_DENIED', 'words', [detail('ErrorInfo', { reason: 'BILLING_DISABLED' })]),
    rejected('billing_exhausted'),
  ],
  [
    'a leaked key',
    at(403, 'PERMISSION_DENIED', 'Your API key was reported as leaked.'),
    rejected('auth'),
  ],
  ['no such model', at(404, 'NOT_FOUND'), rejected('not_found_model')],
  [
    'a quota of the minute',
    at(429, 'RESOURCE_EXHAUSTED', 'words', quota('GenerateRequestsPerMinutePerProjectPerModel')),
    rejected('rate_limited', { retryAfterMs: 12_500, code: 'RESOURCE_EXHAUSTED' }),
  ],
  [
    'a quota of the day: its delay helps nobody',
    at(
      429,
      'RESOURCE_EXHAUSTED',
      'words',
      quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier'),
    ),
    rejected('billing_exhausted', { code: 'quota_per_day' }),
  ],
  [
    'a quota of nothing',
    at(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for metric: x, limit: 0, model: y'),
    rejected('billing_exhausted'),
  ],
  ['a rate without details', at(429, 'RESOURCE_EXHAUSTED'), rejected('rate_limited')],
  ['given up by the other side', at(499, 'CANCELLED'), open('timeout')],
  ['broken', at(500, 'INTERNAL'), open('provider_internal')],
  ['overloaded', at(503, 'UNAVAILABLE'), open('overloaded')],
  ['too slow', at(504, 'DEADLINE_EXCEEDED'), open('timeout')],
  ['a page', reply(502, '<html>'), open('provider_internal')],
  [
    'a list around the error',
    reply(403, [error(403, 'PERMISSION_DENIED')]),
    rejected('permission'),
  ],
  [
    'a rate inside a 200',
    reply(200, error(429, 'RESOURCE_EXHAUSTED', 'words', quota('PerMinute'))),
    rejected('rate_limited', { retryAfterMs: 12_500 }),
  ],
  ['a status of its own inside a 200', reply(200, error(503, 'NEW')), open('overloaded')],
];

test.each(rows)('%s', (_name, given, expected) => {
  expect(makeAdapter().normalizeOutput(given, chatCall())).toMatchObject({
    kind: 'failed',
    failure: { ...expected, status: given.status },
  });
  expect(makeAdapter().classifyError({ kind: 'reply', reply: given })).toMatchObject(expected);
});

test('the header counts where the details say nothing', () => {
  const given = reply(429, error(429, 'RESOURCE_EXHAUSTED'), { 'retry-after': '3' });
  expect(makeAdapter().classifyError({ kind: 'reply', reply: given }).retryAfterMs).toBe(3000);
});

test('no key is shown, neither ours nor another', () => {
  const words = `bad key ${secretKey} or AIzaSyOther0123456789abcdef`;
  const failure = makeAdapter().classifyError({ kind: 'reply', reply: at(400, 'X', words) });
  expect(failure.detail).toMatchObject({ message: 'bad key *** or ***' });
});

test('a delay that only belongs to a quota of the day is not passed on', () => {
  const given = at(429, 'RESOURCE_EXHAUSTED', 'words', quota('RequestsPerDay'));
  const failure = makeAdapter().classifyError({ kind: 'reply', reply: given });
  expect(failure).not.toHaveProperty('retryAfterMs');
});
