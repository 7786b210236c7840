import type { Violation } from '../domain/job/failure.ts';

/** Why a request was refused, in a closed list; the door maps each to a status (`http/failure-response.ts`). */
export type ServiceFailureCode =
  | 'invalid_request'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'pipeline_not_found'
  | 'idempotency_key_reused'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'file_type_mismatch'
  | 'file_expired'
  | 'job_erased'
  | 'range_not_satisfiable'
  | 'input_invalid'
  | 'definition_invalid'
  | 'conflict'
  | 'budget_exceeded'
  | 'unprocessable'
  | 'unavailable'
  | 'internal';

export type ServiceFailure = {
  readonly code: ServiceFailureCode;
  /** A sentence from which the caller can mend the request. */
  readonly message: string;
  /** Where in the request, when a place can be named. */
  readonly violations?: readonly Violation[];
  readonly retryAfterMs?: number;
  /** The budget that leaves no room. */
  readonly budget?: SpentBudget;
};

/** How a budget stands that a request does not fit under, as it is shown. */
type SpentBudget = {
  readonly id: string;
  readonly limit_usd: string;
  readonly spent_usd: string;
  readonly reserved_usd: string;
  /** Null for one that counts in total. */
  readonly resets_at: string | null;
};

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: ServiceFailure };

export function done<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function refuse(
  code: ServiceFailureCode,
  message: string,
  more: Omit<ServiceFailure, 'code' | 'message'> = {},
): { readonly ok: false; readonly failure: ServiceFailure } {
  return { ok: false, failure: { code, message, ...more } };
}

/** A refusal because of one place: a pointer into the body, or into `/headers`, `/path` or `/query`. */
export function refuseAt(
  code: ServiceFailureCode,
  pointer: string,
  message: string,
): { readonly ok: false; readonly failure: ServiceFailure } {
  return refuse(code, message, { violations: [{ pointer, code, message }] });
}

/** Where the key stands that was missing, wrong, or not enough. */
export const KEY_POINTER = '/headers/authorization';
