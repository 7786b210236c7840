import type { AttemptRecord, StopReason } from '../domain/attempt.ts';
import type { Failure, FailureClass } from '../domain/failure.ts';
import type { PlannedStep, RetryPolicy } from './plan.ts';

/**
 * What follows a failed attempt. One loop owns retries: adapters and runners never repeat a call by
 * themselves. The verdict depends on the class of the failure, on how far the work had got, and on what the
 * step is.
 */
export type NextMove =
  | { readonly kind: 'retry'; readonly atMs: number; readonly targetIndex: number }
  | { readonly kind: 'stop'; readonly reason: StopReason };

export type RetrySituation = {
  readonly step: PlannedStep;
  readonly failure: Failure;
  /** Finished attempts of this step or item, the failed one included. */
  readonly attempts: readonly AttemptRecord[];
  readonly targetIndex: number;
  readonly nowMs: number;
  /** No attempt starts at or after this moment. */
  readonly deadlineAtMs: number;
  readonly jitter: number;
};

/** The same call to the same target may go better next time. */
const TRANSIENT: ReadonlySet<FailureClass> = new Set([
  'rate_limited',
  'overloaded',
  'timeout',
  'network',
  'provider_internal',
  'lost',
]);

/** Lost attempts of steps that have no effect outside cost nothing; this bounds a step that kills its runner. */
const LOST_MAX = 10;

/** Decides between another attempt and giving up. */
export function nextMove(situation: RetrySituation): NextMove {
  const { step, failure, attempts, targetIndex } = situation;
  if (attemptsLeft(step, attempts) <= 0) return { kind: 'stop', reason: 'max_attempts' };
  if (failure.class === 'output_invalid' && reAsks(attempts) <= step.reAsksMax) {
    return at(situation, situation.nowMs, targetIndex);
  }
  const other = otherTarget(situation);
  if (other !== null) {
    const delayMs = other > targetIndex ? 0 : delayBeforeRetryMs(situation);
    const move = at(situation, situation.nowMs + delayMs, other);
    if (move.kind === 'retry') return move;
  }
  if (!TRANSIENT.has(failure.class)) {
    return { kind: 'stop', reason: noOther(step) ? 'not_retryable' : 'no_target_left' };
  }
  return at(situation, situation.nowMs + delayBeforeRetryMs(situation), targetIndex);
}

function noOther(step: PlannedStep): boolean {
  return step.route === null || step.route.targets.length === 1;
}

function at({ deadlineAtMs }: RetrySituation, atMs: number, targetIndex: number): NextMove {
  return atMs < deadlineAtMs
    ? { kind: 'retry', atMs, targetIndex }
    : { kind: 'stop', reason: 'deadline' };
}

function attemptsLeft(step: PlannedStep, attempts: readonly AttemptRecord[]): number {
  const lost = attempts.filter((record) => record.outcome === 'lost').length;
  if (step.route !== null)
    return step.retry.maxAttempts + reAsksUsed(step, attempts) - attempts.length;
  return Math.min(step.retry.maxAttempts - (attempts.length - lost), LOST_MAX - lost);
}

/** Re-asks have a bound of their own and do not use up the attempts. */
function reAsksUsed(step: PlannedStep, attempts: readonly AttemptRecord[]): number {
  return Math.min(step.reAsksMax, reAsks(attempts));
}

/** How often an output check has failed so far. */
export function reAsks(attempts: readonly AttemptRecord[]): number {
  return attempts.filter((record) => record.failure?.class === 'output_invalid').length;
}

/** The next target of the route that may still serve, going round once; null when the failure stays here. */
function otherTarget({ step, failure, attempts, targetIndex }: RetrySituation): number | null {
  const { route } = step;
  if (route === null || !route.on.has(failure.class)) return null;
  const dead = new Set(attempts.filter(isPermanent).map((record) => record.targetIndex));
  const count = route.targets.length;
  for (let offset = 1; offset < count; offset += 1) {
    const index = (targetIndex + offset) % count;
    if (!dead.has(index)) return index;
  }
  return null;
}

/** A failure that the same target would repeat. */
function isPermanent({ failure }: AttemptRecord): boolean {
  return failure !== undefined && !TRANSIENT.has(failure.class);
}

/**
 * Exponential back-off with full jitter (a uniform draw below the exponential bound), or exactly what the
 * provider asked for.
 */
export function delayBeforeRetryMs(situation: RetrySituation): number {
  const { failure, step, attempts, jitter } = situation;
  if (failure.retryAfterMs !== undefined) return failure.retryAfterMs;
  if (failure.class === 'lost') return 0;
  return Math.floor(jitter * backoffBoundMs(step.retry, attempts.length));
}

function backoffBoundMs({ baseDelayMs, maxDelayMs }: RetryPolicy, failures: number): number {
  return Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(failures - 1, 30));
}
