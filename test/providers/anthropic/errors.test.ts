import { expect, test } from 'vitest';

import type { WireReply } from '../../../src/providers/port.ts';
import { chatCall, error, makeAdapter, secretKey } from './support.ts';
import { reply } from '../calling.ts';

type Row = {
  readonly name: string;
  readonly reply: WireReply;
  readonly expected: Readonly<Record<string, unknown>>;
};
const row = (name: string, given: WireReply, expected: Row['expected']): Row => ({
  name,
  reply: given,
  expected,
});
const rejected = (failureClass: string) => ({ class: failureClass, phase: 'rejected' });

const rows: readonly Row[] = [
  row('invalid', reply(400, error('invalid_request_error')), rejected('invalid_request')),
  row(
    'the limit of the organisation, with a date',
    reply(
      400,
      error(
        'invalid_request_error',
        'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
      ),
    ),
    { ...rejected('billing_exhausted'), code: 'invalid_request_error' },
  ),
  row(
    'no credit',
    reply(400, error('invalid_request_error', 'Your credit balance is too low to access the API.')),
    rejected('billing_exhausted'),
  ),
  row(
    'too long a prompt',
    reply(
      400,
      error('invalid_request_error', 'prompt is too long: 208310 tokens > 200000 maximum'),
    ),
    rejected('context_length'),
  ),
  row(
    'the limit of output and the prompt together',
    reply(
      400,
      error(
        'invalid_request_error',
        'input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000',
      ),
    ),
    rejected('context_length'),
  ),
  row(
    'the filter of outputs',
    reply(400, error('invalid_request_error', 'Output blocked by content filtering policy')),
    { class: 'content_blocked_output', phase: 'finished' },
  ),
  row(
    'a field it does not know',
    reply(400, error('invalid_request_error', 'foo: Extra inputs are not permitted')),
    rejected('unsupported_parameter'),
  ),
  row('a wrong key', reply(401, error('authentication_error')), rejected('auth')),
  row('billing', reply(402, error('billing_error')), rejected('billing_exhausted')),
  row('not allowed', reply(403, error('permission_error')), rejected('permission')),
  row('no such model', reply(404, error('not_found_error')), rejected('not_found_model')),
  row('too large', reply(413, error('request_too_large')), rejected('payload_too_large')),
  row(
    'too large, said by the proxy in front',
    reply(413, '<html>413 Request Entity Too Large</html>', { 'content-type': 'text/html' }),
    rejected('payload_too_large'),
  ),
  row('too fast', reply(429, error('rate_limit_error'), { 'retry-after': '7' }), {
    ...rejected('rate_limited'),
    retryAfterMs: 7000,
    code: 'rate_limit_error',
  }),
  row(
    'too fast, a text about limits and a time to wait',
    reply(429, error('rate_limit_error', 'near your spend limit'), { 'retry-after': '7' }),
    rejected('rate_limited'),
  ),
  row(
    'an enforced limit of money: nothing to wait for',
    reply(
      429,
      error('rate_limit_error', 'words', {
        details: { error_code: 'enforced_spend_limit_reached' },
      }),
    ),
    { ...rejected('billing_exhausted'), code: 'enforced_spend_limit_reached' },
  ),
  row('broken', reply(500, error('api_error')), { class: 'provider_internal', phase: 'unknown' }),
  row('too slow', reply(504, error('timeout_error')), { class: 'timeout', phase: 'unknown' }),
  row('overloaded', reply(529, error('overloaded_error')), rejected('overloaded')),
  row('a page', reply(502, '<html>'), { class: 'provider_internal', phase: 'unknown' }),
  row('an error in a 200', reply(200, error('overloaded_error')), rejected('overloaded')),
  row('an unknown error in a 200', reply(200, error('new_error')), {
    class: 'provider_internal',
    phase: 'unknown',
  }),
];

test.each(rows)('$name', ({ reply: given, expected }) => {
  expect(makeAdapter().normalizeOutput(given, chatCall())).toMatchObject({
    kind: 'failed',
    failure: { ...expected, status: given.status },
  });
  expect(makeAdapter().classifyError({ kind: 'reply', reply: given })).toMatchObject(expected);
});

test('the words are kept without the key, and never in the message', () => {
  const given = reply(401, error('authentication_error', `bad key ${secretKey} words`), {
    'request-id': `req ${secretKey}`,
  });
  const failure = makeAdapter().classifyError({ kind: 'reply', reply: given });
  expect(failure.detail).toMatchObject({ message: 'bad key *** words', request_id: 'req ***' });
  expect(failure.message).toContain('ANTHROPIC_API_KEY');
  expect(failure.message).not.toContain('words');
});
