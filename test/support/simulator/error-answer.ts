import type { Answer, Fault } from './types.ts';
import { errorBodyIn, type WireDialect } from './wire-dialect.ts';

const typeByStatus: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
  500: 'server_error',
  503: 'server_error',
};

const codeByStatus: Readonly<Record<number, string>> = {
  401: 'invalid_api_key',
  404: 'model_not_found',
  429: 'rate_limit_exceeded',
  503: 'server_is_overloaded',
};

type ErrorParts = {
  readonly message: string;
  readonly type?: string;
  readonly code?: string | number;
  readonly param?: string;
};

/** An error in the vendor's shape; OpenAI's unless said. */
export function errorAnswer(
  status: number,
  parts: ErrorParts,
  dialect: WireDialect = 'openai',
): Answer {
  const { type = null, code = null } = parts;
  const foreign = errorBodyIn(dialect, status, parts.message, { type, code });
  if (foreign !== null) return jsonAnswer(status, foreign, { paid: false });
  const error = {
    message: parts.message,
    type: parts.type ?? typeByStatus[status] ?? 'invalid_request_error',
    param: parts.param ?? null,
    code: parts.code ?? codeByStatus[status] ?? null,
  };
  return jsonAnswer(status, { error }, { paid: false });
}

/** Any JSON as an answer. */
export function jsonAnswer(status: number, body: unknown, { paid }: { paid: boolean }): Answer {
  const text = JSON.stringify(body);
  return { status, contentType: 'application/json', headers: {}, pieces: [text], paid };
}

/** The answer of a `status` fault, with the waiting hints it asks for. */
export function faultAnswer(
  fault: Fault,
  status: number,
  dialect: WireDialect,
  nowMs: number,
): Answer {
  const base =
    fault.body === undefined
      ? errorAnswer(
          status,
          {
            message: fault.message ?? `Simulated error with status ${status}.`,
            ...(fault.type === undefined ? {} : { type: fault.type }),
            ...(fault.code === undefined ? {} : { code: fault.code }),
          },
          dialect,
        )
      : bodyAnswer(status, fault.body);
  return { ...base, headers: waitingHeaders(fault, nowMs) };
}

/** The error object that some providers put into a 200, or into the middle of a stream. */
export function embeddedError(fault: Fault): { readonly error: object } {
  return {
    error: {
      code: fault.code ?? 502,
      message: fault.message ?? 'Simulated error of the upstream provider.',
      ...(fault.type === undefined ? {} : { type: fault.type }),
      metadata: { provider_name: 'simulator' },
    },
  };
}

export const htmlErrorPage: Answer = {
  status: 502,
  contentType: 'text/html; charset=utf-8',
  headers: {},
  pieces: ['<!doctype html><title>502 Bad Gateway</title><h1>Bad Gateway</h1>\n'],
  paid: false,
};

function bodyAnswer(status: number, body: unknown): Answer {
  if (typeof body !== 'string') return jsonAnswer(status, body, { paid: false });
  return { status, contentType: 'text/plain', headers: {}, pieces: [body], paid: false };
}

function waitingHeaders(fault: Fault, nowMs: number): Record<string, string> {
  const headers: Record<string, string> = {};
  if (fault.retry_after !== undefined) headers['retry-after'] = String(fault.retry_after);
  if (fault.retry_after_date_s !== undefined) {
    headers['retry-after'] = new Date(nowMs + fault.retry_after_date_s * 1000).toUTCString();
  }
  if (fault.retry_after_ms !== undefined) headers['retry-after-ms'] = String(fault.retry_after_ms);
  return headers;
}
