import { describe, expect, test } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import { openAiCompatibleProfiles } from '../../../src/providers/openai-compatible/profiles.ts';
import { chatCall, makeAdapter, openAiError, secretKey } from './support.ts';
import { reply } from '../calling.ts';

const adapter = makeAdapter();

function classOf(
  status: number,
  body: Json,
  headers = {},
  profile?: keyof typeof openAiCompatibleProfiles,
) {
  const used =
    profile === undefined ? adapter : makeAdapter({ profile: openAiCompatibleProfiles[profile] });
  return used.classifyError({ kind: 'reply', reply: reply(status, body, headers) });
}

/** An error as OpenRouter writes it. */
function withMetadata(metadata: Json): Json {
  return { error: { code: 403, message: 'x', metadata } };
}

function thrown(message: string, sent = true) {
  return adapter.classifyError({ kind: 'exception', name: 'Error', message, sent });
}

describe("OpenAI's errors", () => {
  test.each<[number, string | null, string, string]>([
    [429, 'rate_limit_exceeded', 'requests', 'rate_limited'],
    [429, 'slow_down', 'rate_limit_error', 'rate_limited'],
    [429, null, 'tokens', 'rate_limited'],
    [503, 'slow_down', 'server_error', 'rate_limited'],
    [429, 'insufficient_quota', 'insufficient_quota', 'billing_exhausted'],
    [429, 'credit_balance_exhausted', 'insufficient_quota', 'billing_exhausted'],
    [429, 'organization_spend_limit_exceeded', 'insufficient_quota', 'billing_exhausted'],
    [429, 'project_spend_limit_exceeded', 'insufficient_quota', 'billing_exhausted'],
    [429, 'organization_usage_limit_exceeded', 'insufficient_quota', 'billing_exhausted'],
    [429, 'rate_limit_exceeded', 'insufficient_quota', 'billing_exhausted'],
    [503, 'server_is_overloaded', 'server_error', 'overloaded'],
    [503, null, 'server_error', 'overloaded'],
    [400, 'context_length_exceeded', 'invalid_request_error', 'context_length'],
    [400, 'content_policy_violation', 'invalid_request_error', 'content_blocked_input'],
    [400, 'moderation_blocked', 'image_generation_user_error', 'content_blocked_input'],
    [400, 'image_content_policy_violation', 'invalid_request_error', 'content_blocked_input'],
    [400, 'invalid_prompt', 'invalid_request_error', 'content_blocked_input'],
    [400, 'unsupported_parameter', 'invalid_request_error', 'unsupported_parameter'],
    [400, 'unsupported_value', 'invalid_request_error', 'unsupported_parameter'],
    [400, null, 'invalid_request_error', 'invalid_request'],
    [401, 'invalid_api_key', 'invalid_request_error', 'auth'],
    [401, null, 'invalid_request_error', 'auth'],
    [403, 'unsupported_country_region_territory', 'request_forbidden', 'permission'],
    [403, null, 'invalid_request_error', 'permission'],
    [404, 'model_not_found', 'invalid_request_error', 'not_found_model'],
    [500, null, 'server_error', 'provider_internal'],
  ])('%i %s (%s) is %s', (status, code, type, failureClass) => {
    const failure = classOf(status, openAiError(code, type));
    expect(failure).toMatchObject({
      class: failureClass,
      phase: status >= 500 ? 'unknown' : 'rejected',
      status,
      code: code ?? type,
    });
  });
});

describe('statuses without a telling body', () => {
  test.each([
    [301, 'not_configured', 'rejected'],
    [402, 'billing_exhausted', 'rejected'],
    [404, 'not_found_model', 'rejected'],
    [408, 'timeout', 'unknown'],
    [409, 'overloaded', 'rejected'],
    [413, 'payload_too_large', 'rejected'],
    [418, 'invalid_request', 'rejected'],
    [422, 'invalid_request', 'rejected'],
    [429, 'rate_limited', 'rejected'],
    [499, 'timeout', 'unknown'],
    [500, 'provider_internal', 'unknown'],
    [502, 'provider_internal', 'unknown'],
    [503, 'overloaded', 'unknown'],
    [504, 'timeout', 'unknown'],
    [520, 'provider_internal', 'unknown'],
    [524, 'timeout', 'unknown'],
    [529, 'overloaded', 'rejected'],
  ])('%i is %s, %s', (status, failureClass, phase) => {
    const html = '<html><h1>Something</h1></html>';
    expect(classOf(status, html)).toMatchObject({ class: failureClass, phase, status });
    expect(classOf(status, {})).toMatchObject({ class: failureClass, phase });
  });
});

describe('servers that share the shape', () => {
  test('Groq: 422 is nonsense by the model, 498 is no capacity', () => {
    expect(classOf(422, openAiError(null), {}, 'groq')).toMatchObject({
      class: 'output_invalid',
      phase: 'finished',
    });
    expect(classOf(498, openAiError('capacity_exceeded'), {}, 'groq').class).toBe('overloaded');
    expect(classOf(413, openAiError(null), {}, 'groq').class).toBe('payload_too_large');
    expect(classOf(400, openAiError('json_validate_failed'), {}, 'groq')).toMatchObject({
      class: 'output_invalid',
      phase: 'finished',
    });
  });

  test('Together: 403 is a prompt that is too long, 402 the spending cap', () => {
    expect(classOf(403, openAiError(null), {}, 'together').class).toBe('context_length');
    expect(classOf(402, openAiError(null), {}, 'together').class).toBe('billing_exhausted');
    expect(classOf(503, openAiError(null), {}, 'together').class).toBe('overloaded');
  });

  test('OpenRouter: a 402 passes only if it says so and says when', () => {
    const body = {
      error: { code: 402, message: 'x', metadata: { limit_source: 'openrouter_in_flight_budget' } },
    };
    expect(classOf(402, body, { 'retry-after': '3' }, 'openrouter')).toMatchObject({
      class: 'rate_limited',
      retryAfterMs: 3_000,
    });
    expect(classOf(402, body, {}, 'openrouter').class).toBe('billing_exhausted');
    expect(classOf(402, { error: { code: 402 } }, { 'retry-after': '3' }, 'openrouter').class).toBe(
      'billing_exhausted',
    );
  });

  test('OpenRouter: a 403 is a moderator, a budget, or a lack of rights', () => {
    expect(classOf(403, withMetadata({ reasons: ['violence'] }), {}, 'openrouter').class).toBe(
      'content_blocked_input',
    );
    expect(
      classOf(403, withMetadata({ limit_source: 'openrouter_key_limit' }), {}, 'openrouter').class,
    ).toBe('billing_exhausted');
    expect(classOf(403, withMetadata({}), {}, 'openrouter').class).toBe('permission');
  });

  test('vLLM says only in words that the context is too small', () => {
    const message =
      "This model's maximum context length is 4096 tokens. However, you requested 9000.";
    const body = { object: 'error', message, type: 'BadRequestError', param: null, code: 400 };
    expect(classOf(400, body, {}, 'vllm').class).toBe('context_length');
  });

  test('Ollama: a model that was not pulled', () => {
    const body = { error: { message: 'model "x" not found', type: 'not_found_error', code: null } };
    expect(classOf(404, body, {}, 'ollama').class).toBe('not_found_model');
  });

  test('FastAPI servers put their words under `detail`', () => {
    expect(classOf(422, { detail: [{ loc: ['body'], msg: 'missing' }] })).toMatchObject({
      class: 'invalid_request',
      detail: { message: '[{"loc":["body"],"msg":"missing"}]' },
    });
  });
});

describe('how long to wait', () => {
  test('in milliseconds, in seconds, or until a date by the clock of the provider', () => {
    const body = openAiError('rate_limit_exceeded');
    expect(classOf(429, body, { 'retry-after-ms': '1500' }).retryAfterMs).toBe(1_500);
    expect(classOf(429, body, { 'retry-after': '2' }).retryAfterMs).toBe(2_000);
    const until = { 'retry-after': 'Sun, 22 Nov 2026 17:00:30 GMT' };
    expect(
      classOf(429, body, { ...until, date: 'Sun, 22 Nov 2026 17:00:00 GMT' }).retryAfterMs,
    ).toBe(30_000);
    expect(classOf(429, body, until)).not.toHaveProperty('retryAfterMs');
  });
});

describe('what the runtimes throw', () => {
  test.each([
    ['Network connection lost.', 'network', 'unknown'],
    ['internal error; reference = uc9bse9pt9oc', 'network', 'unknown'],
    [
      'kj/async-io-unix.c++:186: disconnected: connect(): Connection refused',
      'network',
      'not_sent',
    ],
    ['kj::Exception: connect() failed: Connection refused', 'network', 'not_sent'],
    ['failed to lookup address information: Name or service not known', 'network', 'not_sent'],
    ['TLS handshake failed: received corrupt message', 'network', 'not_sent'],
    ['Invalid URL: nowhere', 'not_configured', 'not_sent'],
    ['fetch failed: connect ECONNREFUSED 127.0.0.1:9 (ECONNREFUSED)', 'network', 'not_sent'],
    ['fetch failed: getaddrinfo ENOTFOUND nowhere.invalid (ENOTFOUND)', 'network', 'not_sent'],
    ['fetch failed: getaddrinfo EAI_AGAIN nowhere.invalid (EAI_AGAIN)', 'network', 'not_sent'],
    ['fetch failed: Connect Timeout Error (UND_ERR_CONNECT_TIMEOUT)', 'network', 'not_sent'],
    ['fetch failed: unable to verify the first certificate', 'network', 'not_sent'],
    ['fetch failed: other side closed (UND_ERR_SOCKET)', 'network', 'unknown'],
    ['fetch failed: read ECONNRESET (ECONNRESET)', 'network', 'unknown'],
    ['fetch failed: Headers Timeout Error (UND_ERR_HEADERS_TIMEOUT)', 'timeout', 'unknown'],
    ['terminated: Body Timeout Error (UND_ERR_BODY_TIMEOUT)', 'timeout', 'unknown'],
    ['terminated: other side closed (UND_ERR_SOCKET)', 'network', 'unknown'],
    ['The operation timed out', 'timeout', 'unknown'],
    ['something nobody has seen', 'network', 'unknown'],
  ])('%s', (message, failureClass, phase) => {
    expect(thrown(message)).toMatchObject({ class: failureClass, phase });
  });

  test('nothing that was not sent can have been taken', () => {
    expect(thrown('Network connection lost.', false).phase).toBe('not_sent');
  });

  test('an abort is a timeout or a cancel, and leaves open what the provider did', () => {
    expect(adapter.classifyError({ kind: 'aborted', by: 'deadline' })).toMatchObject({
      class: 'timeout',
      phase: 'unknown',
    });
    expect(adapter.classifyError({ kind: 'aborted', by: 'cancel' })).toMatchObject({
      class: 'cancelled',
      phase: 'unknown',
    });
  });
});

describe('what a failure says', () => {
  test('a refused key names the secret to check', () => {
    const outcome = adapter.normalizeOutput(
      reply(401, openAiError('invalid_api_key')),
      chatCall({ model: 'gpt-x' }),
    );
    expect(outcome).toMatchObject({
      failure: {
        message:
          'openai did not accept the API key (model gpt-x), status 401. Check the secret OPENAI_API_KEY.',
      },
    });
  });

  test("the provider's words are in the detail only, and not without end", () => {
    const message = `words of the provider ${'x'.repeat(5_000)}`;
    const failure = classOf(400, { error: { message, type: 't', param: 'temperature' } });
    expect(failure.message).not.toContain('words of the provider');
    expect(failure.detail).toMatchObject({
      message: message.slice(0, 1_000),
      param: 'temperature',
    });
  });

  test('a code that is really a sentence does not become a code', () => {
    const failure = classOf(400, {
      error: { message: 'm', code: 'Please call Bob on 555', type: 't' },
    });
    expect(failure).not.toHaveProperty('code');
  });

  test.each<[string, number, Json, Record<string, string>]>([
    [
      'in the message',
      401,
      { error: { message: `Incorrect API key provided: ${secretKey}.` } },
      {},
    ],
    ['in the code', 401, { error: { message: 'm', code: secretKey, type: secretKey } }, {}],
    ['in the parameter', 400, { error: { message: 'm', param: secretKey } }, {}],
    ['in a text', 502, `<p>Authorization: Bearer ${secretKey}</p>`, {}],
    ['in an unknown shape', 500, { a: { b: [secretKey] } }, {}],
    ['in a header', 500, {}, { 'x-request-id': secretKey }],
    ['across the cut', 500, { message: `${'x'.repeat(990)}${secretKey}` }, {}],
    ['in a 200', 200, { echo: secretKey }, { 'x-request-id': secretKey }],
    [
      'in a refusal',
      200,
      { choices: [{ message: { refusal: `not with ${secretKey}` }, finish_reason: 'stop' }] },
      { 'x-request-id': secretKey },
    ],
  ])(
    'the key never appears, even if the provider repeats it: %s',
    (_name, status, body, headers) => {
      const outcome = adapter.normalizeOutput(reply(status, body, headers), chatCall());
      expect(outcome.kind).toBe('failed');
      expect(JSON.stringify(outcome)).not.toContain(secretKey.slice(0, 12));
    },
  );

  test('nor in what a runtime throws', () => {
    const message = `Headers.append: "Bearer ${secretKey}" is an invalid header value.`;
    const failure = adapter.classifyError({
      kind: 'exception',
      name: 'TypeError',
      message,
      sent: true,
    });
    expect(failure).toMatchObject({ class: 'not_configured', phase: 'not_sent' });
    expect(JSON.stringify(failure)).not.toContain(secretKey.slice(0, 12));
  });
});
