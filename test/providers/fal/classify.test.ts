import { describe, expect, test } from 'vitest';

import { falKey, makeAdapter } from './support.ts';
import { reply } from '../calling.ts';

function classify(status: number, body: unknown, headers = {}) {
  return makeAdapter().classifyError({ kind: 'reply', reply: reply(status, body, headers) });
}

test.each([
  ['request_timeout', 504, 'timeout', 'unknown'],
  ['startup_timeout', 504, 'overloaded', 'unknown'],
  ['runner_scheduling_failure', 503, 'overloaded', 'unknown'],
  ['runner_connection_timeout', 503, 'overloaded', 'unknown'],
  ['runner_disconnected', 503, 'provider_internal', 'unknown'],
  ['runner_connection_refused', 503, 'provider_internal', 'unknown'],
  ['runner_connection_error', 503, 'provider_internal', 'unknown'],
  ['runner_incomplete_response', 502, 'provider_internal', 'unknown'],
  ['runner_server_error', 500, 'provider_internal', 'unknown'],
  ['internal_error', 500, 'provider_internal', 'unknown'],
  ['client_disconnected', 499, 'cancelled', 'unknown'],
  ['client_cancelled', 499, 'cancelled', 'unknown'],
  ['bad_request', 400, 'invalid_request', 'rejected'],
])('the platform says %s', (type, status, failureClass, phase) => {
  const expected = { class: failureClass, phase, code: type, status };
  expect(classify(status, { detail: 'words', error_type: type })).toMatchObject(expected);
  expect(classify(status, 'words', { 'x-fal-error-type': type })).toMatchObject(expected);
});

test.each([
  ['internal_server_error', 500, 'provider_internal'],
  ['generation_timeout', 504, 'timeout'],
  ['downstream_service_error', 400, 'provider_internal'],
  ['downstream_service_unavailable', 500, 'overloaded'],
  ['content_policy_violation', 422, 'content_blocked_input'],
  ['no_media_generated', 422, 'output_invalid'],
  ['image_too_large', 422, 'payload_too_large'],
  ['file_too_large', 422, 'payload_too_large'],
  ['sequence_too_long', 422, 'payload_too_large'],
  ['audio_duration_too_long', 422, 'payload_too_large'],
  ['video_duration_too_long', 422, 'payload_too_large'],
  ['feature_not_supported', 422, 'unsupported_parameter'],
  ['image_load_error', 422, 'invalid_request'],
  ['value_error.missing', 422, 'invalid_request'],
])('a model says %s', (type, status, failureClass) => {
  const detail = [{ loc: ['body', 'prompt'], msg: 'no good', type, input: 'my prompt' }];
  const failure = classify(status, { detail });
  expect(failure).toMatchObject({ class: failureClass, code: type, status });
  expect(failure.detail).toEqual({ message: 'body.prompt: no good' });
});

describe('by status', () => {
  test.each([
    [401, { detail: 'No user found for Key ID and Secret' }, 'auth', 'rejected'],
    [
      403,
      { detail: 'User is locked. Reason: Exhausted balance.' },
      'billing_exhausted',
      'rejected',
    ],
    [403, { detail: 'Forbidden' }, 'permission', 'rejected'],
    [404, { detail: 'Application not found' }, 'not_found_model', 'rejected'],
    [413, '', 'payload_too_large', 'rejected'],
    [429, { detail: 'Too many requests' }, 'rate_limited', 'rejected'],
    [500, '', 'provider_internal', 'unknown'],
    [502, '<html></html>', 'provider_internal', 'unknown'],
    [503, '', 'overloaded', 'unknown'],
    [504, '', 'timeout', 'unknown'],
  ])('%i %j', (status, body, failureClass, phase) => {
    expect(classify(status, body)).toMatchObject({ class: failureClass, phase, status });
  });

  test('our own start timeout: nothing was begun', () => {
    const body = { detail: 'Request timed out', error_type: 'request_timeout' };
    expect(classify(504, body, { 'x-fal-request-timeout-type': 'user' })).toMatchObject({
      class: 'timeout',
      phase: 'rejected',
      code: 'start_timeout',
    });
  });

  test("the request's id is kept, and a key of anyone's is not", () => {
    const other = `${falKey.slice(0, 36).replace('1f4b', '9999')}:${'9'.repeat(32)}`;
    const failure = classify(401, { detail: `not known: ${other}` }, { 'x-fal-request-id': 'r-1' });
    expect(failure.detail).toEqual({ message: 'not known: ***', request_id: 'r-1' });
  });
});
