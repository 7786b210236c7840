import { describe, expect, test } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import { openAiCompatibleProfiles } from '../../../src/providers/openai-compatible/profiles.ts';
import { makeAdapter } from './support.ts';
import { reply } from '../calling.ts';

type Server = keyof typeof openAiCompatibleProfiles;

/** Errors as each server writes them, beside those that it shares with OpenAI. */
const rows: readonly (readonly [Server, string, number, Json, string, string])[] = [
  [
    'azure-openai',
    'a filter of content',
    400,
    {
      error: {
        code: 'content_filter',
        message: 'filtered',
        innererror: { code: 'ResponsibleAIPolicyViolation' },
      },
    },
    'content_blocked_input',
    'rejected',
  ],
  [
    'azure-openai',
    'a deployment that is not there',
    404,
    { error: { code: 'DeploymentNotFound', message: 'no' } },
    'not_found_model',
    'rejected',
  ],
  [
    'azure-openai',
    'a limit',
    429,
    { error: { code: '429', message: 'wait' } },
    'rate_limited',
    'rejected',
  ],
  ['azure-openai', 'a wrong key', 401, { statusCode: 401, message: 'denied' }, 'auth', 'rejected'],
  [
    'cloudflare-ai-gateway',
    'a limit of the gateway',
    429,
    { success: false, result: [], error: [{ code: 2003, message: 'Rate limited' }] },
    'rate_limited',
    'rejected',
  ],
  [
    'cloudflare-ai-gateway',
    'a wrong token',
    401,
    { success: false, errors: [{ code: 2009, message: 'Unauthorized' }] },
    'auth',
    'rejected',
  ],
  [
    'mistral',
    'a request that does not fit',
    422,
    {
      object: 'error',
      detail: [{ loc: ['body', 'x'], msg: 'Extra inputs', type: 'extra_forbidden' }],
    },
    'invalid_request',
    'rejected',
  ],
  [
    'mistral',
    'a limit',
    429,
    {
      object: 'error',
      message: 'Requests rate limit exceeded',
      type: 'rate_limited',
      code: '1300',
    },
    'rate_limited',
    'rejected',
  ],
  [
    'llamacpp',
    'a prompt that is too long',
    400,
    { error: { code: 400, message: 'exceeds', type: 'exceed_context_size_error', n_ctx: 4096 } },
    'context_length',
    'rejected',
  ],
  [
    'llamacpp',
    'a model that is still being loaded',
    503,
    { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } },
    'overloaded',
    'unknown',
  ],
  [
    'lmstudio',
    'a text for an error',
    400,
    { error: 'No models loaded' },
    'invalid_request',
    'rejected',
  ],
  [
    'ollama',
    'a model that is not pulled',
    404,
    { error: { message: 'model "x" not found', type: 'api_error', code: null } },
    'not_found_model',
    'rejected',
  ],
  [
    'vllm',
    'a prompt that is too long',
    400,
    {
      object: 'error',
      message: "This model's maximum context length is 4096 tokens.",
      type: 'BadRequestError',
      code: 400,
    },
    'context_length',
    'rejected',
  ],
  [
    'groq',
    'no free capacity',
    498,
    { error: { message: 'full', code: 'capacity_exceeded' } },
    'overloaded',
    'rejected',
  ],
  [
    'together',
    'a prompt that is too long',
    403,
    { error: { message: 'too long' } },
    'context_length',
    'rejected',
  ],
  [
    'openrouter',
    'no credit',
    402,
    { error: { code: 402, message: 'pay' } },
    'billing_exhausted',
    'rejected',
  ],
  [
    'openrouter',
    'an upstream that failed',
    502,
    { error: { code: 502, message: 'bad' } },
    'provider_internal',
    'unknown',
  ],
];

/** Codes of OpenAI's Responses and what they mean. */
const codes: readonly (readonly [string, string])[] = [
  ['server_error', 'provider_internal'],
  ['rate_limit_exceeded', 'rate_limited'],
  ['insufficient_quota', 'billing_exhausted'],
  ['invalid_prompt', 'content_blocked_input'],
  ['bio_policy', 'content_blocked_input'],
  ['image_content_policy_violation', 'content_blocked_input'],
  ['vector_store_timeout', 'timeout'],
  ['image_too_large', 'payload_too_large'],
  ['image_file_too_large', 'payload_too_large'],
  ['invalid_image', 'invalid_request'],
  ['invalid_image_format', 'invalid_request'],
  ['invalid_base64_image', 'invalid_request'],
  ['invalid_image_url', 'invalid_request'],
  ['invalid_image_mode', 'invalid_request'],
  ['image_too_small', 'invalid_request'],
  ['image_parse_error', 'invalid_request'],
  ['image_file_not_found', 'invalid_request'],
  ['empty_image_file', 'invalid_request'],
  ['failed_to_download_image', 'invalid_request'],
  ['unsupported_image_media_type', 'invalid_request'],
  ['something_new', 'provider_internal'],
];

describe('the errors of a server', () => {
  test.each(rows)('%s: %s', (id, _name, status, body, failureClass, phase) => {
    const adapter = makeAdapter({ id, profile: openAiCompatibleProfiles[id] });
    const failure = adapter.classifyError({ kind: 'reply', reply: reply(status, body) });
    expect(failure).toMatchObject({ class: failureClass, phase, status });
  });

  test.each(codes)('an error %s inside a 200 is %s', (code, failureClass) => {
    const body = { error: { code, message: 'words' } };
    const failure = makeAdapter().classifyError({ kind: 'reply', reply: reply(200, body) });
    expect(failure).toMatchObject({ class: failureClass, code });
  });
});
