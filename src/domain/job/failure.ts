import type { Json } from '../json.ts';

/**
 * Why an attempt failed, in one vocabulary for every provider and every step kind.
 * Stored in history and shown to users: append, never rename.
 */
export const failureClasses = [
  // What providers answer.
  'rate_limited',
  'overloaded',
  'timeout',
  'network',
  'provider_internal',
  'auth',
  'billing_exhausted',
  'permission',
  'not_found_model',
  'invalid_request',
  'unsupported_parameter',
  'context_length',
  'content_blocked_input',
  'content_blocked_output',
  'payload_too_large',
  'output_truncated',
  'output_invalid',
  'unknown',
  // What happens on our own side.
  'cancelled',
  'lost',
  'not_configured',
  'expression_failed',
  'step_input_invalid',
  'value_too_large',
  'internal',
  'child_failed',
  'budget_exceeded',
] as const;
export type FailureClass = (typeof failureClasses)[number];

/**
 * How far the work had got when it failed: did the provider take it?
 * - `not_sent`: nothing left this side (validation, DNS, connect)
 * - `rejected`: the provider refused before working
 * - `accepted`: the provider returned an id and then failed
 * - `unknown`: sent, and no answer that tells (reset, timeout, 5xx after the body)
 * - `finished`: the work was done and its result is no good
 */
export type FailurePhase = 'not_sent' | 'rejected' | 'accepted' | 'unknown' | 'finished';

/**
 * An attempt's failure as a value. `message` is our own sentence and never carries payload, a secret, or
 * text that a provider wrote; what the provider said goes to `detail`, which is kept with the payloads.
 */
export type Failure = {
  readonly class: FailureClass;
  readonly phase: FailurePhase;
  readonly message: string;
  /** The provider's or our own machine-readable code, e.g. `insufficient_quota`. */
  readonly code?: string;
  /** HTTP status of the provider's answer, when there was one. */
  readonly status?: number;
  /** How long the provider asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** What an output check found: pointer and rule, never the offending value. */
  readonly violations?: readonly Violation[];
  /**
   * Payload-like evidence: a provider's own words, or what was found of an output with the names that a model made up. Kept
   * with the payloads, never in events or logs.
   */
  readonly detail?: Json;
};

/** The code of a failure that says: what is known of the model rules it out for this call, and nothing was sent. */
export const MISFIT = 'model_capability';

/** True when a target was passed over because its model cannot serve the call. */
export function isMisfit({ code, phase }: Failure): boolean {
  return code === MISFIT && phase === 'not_sent';
}

/** One broken rule, addressed so that a user can find and mend it. */
export type Violation = {
  /** JSON Pointer into the offending document; `''` is the whole document. */
  readonly pointer: string;
  /** A sentence that says what is wrong and how to mend it. */
  readonly message: string;
  /** Machine-readable name of the broken rule, e.g. `required`, `max_length`. */
  readonly code: string;
};

/** The result of something that may fail in an expected way. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };
