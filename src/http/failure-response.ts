import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

import type { ServiceFailure, ServiceFailureCode } from '../services/result.ts';
import type { Problem } from '../services/views/problem-schema.ts';
import type { AppEnv } from './deps.ts';

/** Where failures become statuses; no handler builds its own error. */
const STATUS = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  pipeline_not_found: 404,
  file_expired: 404,
  job_erased: 410,
  conflict: 409,
  budget_exceeded: 402,
  payload_too_large: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  file_type_mismatch: 422,
  idempotency_key_reused: 422,
  input_invalid: 422,
  definition_invalid: 422,
  unprocessable: 422,
  internal: 500,
  unavailable: 503,
} as const satisfies Record<ServiceFailureCode, ContentfulStatusCode>;

const TITLE = {
  invalid_request: 'The request is not well-formed',
  unauthenticated: 'The request carries no valid API key',
  forbidden: 'The API key may not do this',
  not_found: 'There is no such thing here',
  pipeline_not_found: 'There is no such pipeline or version',
  conflict: 'The request does not fit the present state',
  budget_exceeded: 'The limit of a budget is spent',
  payload_too_large: 'The payload is too large',
  unsupported_media_type: 'The content type is not accepted',
  file_type_mismatch: 'The file is not what it is declared to be',
  file_expired: 'The file has expired',
  job_erased: 'The job has been erased',
  range_not_satisfiable: 'The file does not have this range',
  idempotency_key_reused: 'The idempotency key was used for another request',
  input_invalid: 'The input does not satisfy the pipeline’s schema',
  definition_invalid: 'The pipeline definition has mistakes',
  unprocessable: 'The request asks for what cannot be done',
  internal: 'Something went wrong on our side',
  unavailable: 'Not at the moment',
} as const satisfies Record<ServiceFailureCode, string>;

/** Answers a failure as problem+json (RFC 9457). */
export function failureResponse(c: Context<AppEnv>, failure: ServiceFailure) {
  const { code, message, violations = [], retryAfterMs, budget } = failure;
  const retryable = isRetryable(c, code);
  c.set('failureCode', code);
  // The official OpenAI and Anthropic clients obey this header before they look at the status.
  c.header('x-should-retry', String(retryable));
  if (code === 'unauthenticated') c.header('www-authenticate', 'Bearer');
  if (retryAfterMs !== undefined) c.header('retry-after', String(Math.ceil(retryAfterMs / 1_000)));
  const problem: Problem = {
    type: `/docs#error-${code}`,
    title: TITLE[code],
    status: STATUS[code],
    code,
    detail: message,
    errors: [...violations],
    request_id: c.var.correlation.requestId,
    retryable,
    retry_after_ms: retryAfterMs ?? null,
    ...(budget === undefined ? {} : { budget }),
  };
  return c.json(problem, STATUS[code], { 'Content-Type': 'application/problem+json' });
}

/** Sending the same request again can help, and cannot do the same thing twice. */
function isRetryable(c: Context<AppEnv>, code: ServiceFailureCode): boolean {
  if (code === 'unavailable') return true;
  if (code !== 'internal') return false;
  return c.req.method !== 'POST' || c.req.header('idempotency-key') !== undefined;
}

export const errorCodes = Object.entries(TITLE).map(([code, title]) => ({
  code,
  title,
  status: Object.entries(STATUS).find(([known]) => known === code)?.[1] ?? 500,
}));
