import type { FailureClass } from '../../domain/job/failure.ts';
import {
  hasLimits,
  type DeclineReason,
  type TargetLimits,
} from '../../domain/model/target-gate.ts';
import type { Admission, GateAnswer } from '../ports/targets/target-gates.ts';

/** What the gate last said, and what is left of it. Moments are this machine's. */
export type Known =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'free'; readonly untilMs: number }
  | Granted
  | Denied;

type Denied = {
  readonly kind: 'denied';
  readonly reason: DeclineReason;
  readonly because?: FailureClass;
  /** When the next call may go. */
  readonly nextAtMs: number;
  readonly spacingMs: number;
  /** When the gate is asked again, if somebody wants to know. */
  readonly untilMs: number;
  told: number;
};

export type Granted = {
  readonly kind: 'granted';
  calls: number;
  tokens: number | null;
  readonly untilMs: number;
  readonly urgent: boolean;
};

/** What the gate said is used for so long, and it is told of ended calls so often. */
export const FRESH_MS = 2_000;

/** A denial for a limit is a turn in line, and asking again before it would lose it. */
export function deniedOf(
  { reason, because, forMs, spacingMs }: Extract<GateAnswer, { kind: 'denied' }>,
  askedAtMs: number,
): Known {
  const nextAtMs = askedAtMs + forMs;
  const inLine = reason === 'rate_limit' || reason === 'concurrency';
  const untilMs = inLine ? nextAtMs : Math.min(nextAtMs, askedAtMs + FRESH_MS);
  const cause = because === undefined ? {} : { because };
  return { kind: 'denied', reason, ...cause, nextAtMs, spacingMs, untilMs, told: 0 };
}

export function grantedOf(
  { calls, tokens, forMs, urgent }: Extract<GateAnswer, { kind: 'granted' }>,
  askedAtMs: number,
  spare: Granted | null,
): Known {
  const untilMs = askedAtMs + Math.min(FRESH_MS, forMs);
  if (spare === null) return { kind: 'granted', calls, tokens, untilMs, urgent };
  return {
    kind: 'granted',
    calls: calls + spare.calls,
    tokens: tokens === null ? null : tokens + (spare.tokens ?? 0),
    untilMs: Math.min(untilMs, spare.untilMs),
    urgent,
  };
}

/**
 * Without its gate a target that has no limits is called as if all were well, for one has to assume so of most targets
 * at most times; one with limits is not called, because nobody knows what is left of them.
 */
export function withoutGate(limits: TargetLimits, nowMs: number): Known {
  const untilMs = nowMs + FRESH_MS;
  if (!hasLimits(limits)) return { kind: 'free', untilMs };
  const onlyPlaces = (limits.requestsPerMinute ?? limits.tokensPerMinute) === undefined;
  const reason = onlyPlaces ? 'concurrency' : 'rate_limit';
  return { kind: 'denied', reason, nextAtMs: untilMs, spacingMs: 50, untilMs, told: 0 };
}

const DENIED_MAX_MS = 60_000;

/** The answer to a call that may not go: those who are told one after the other come one after the other. */
export function refusalOf(denied: Denied, nowMs: number): Admission {
  const { reason, because, nextAtMs, spacingMs } = denied;
  const untilAtMs = Math.min(nowMs + DENIED_MAX_MS, nextAtMs + denied.told * spacingMs);
  denied.told += 1;
  return {
    admitted: false,
    reason,
    ...(because === undefined ? {} : { because }),
    untilAtMs: Math.max(nowMs + 1, Math.ceil(untilAtMs)),
  };
}
