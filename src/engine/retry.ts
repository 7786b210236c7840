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
  /** Whether a target of the route can be called at all. */
  canServe(targetIndex: number): boolean;
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
  const [first, ...rest] = [...otherTargets(situation), ...sameTarget(situation)];
  if (first === undefined) {
    return { kind: 'stop', reason: movesOn(situation) ? 'no_target_left' : 'not_retryable' };
  }
  const soonest = rest.reduce((best, next) => (next.atMs < best.atMs ? next : best), first);
  return at(situation, soonest.atMs, soonest.targetIndex);
}

type Option = { readonly targetIndex: number; readonly atMs: number };

/** True when the route has other targets for failures like this one. */
function movesOn({ step: { route }, failure }: RetrySituation): boolean {
  return route !== null && route.targets.length > 1 && route.on.has(failure.class);
}

function sameTarget(situation: RetrySituation): Option[] {
  const { failure, targetIndex, nowMs } = situation;
  if (!TRANSIENT.has(failure.class)) return [];
  return [{ targetIndex, atMs: nowMs + delayBeforeRetryMs(situation) }];
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

/**
 * The targets of the route that may still serve, going round once: those further down at once, those that come
 * round again after a back-off, and none before the moment that it asked for itself.
 */
function otherTargets(situation: RetrySituation): Option[] {
  const { step, attempts, targetIndex, nowMs } = situation;
  if (step.route === null || !movesOn(situation)) return [];
  const dead = new Set(attempts.filter(isPermanent).map((record) => record.targetIndex));
  const count = step.route.targets.length;
  return Array.from({ length: count - 1 }, (_, offset) => (targetIndex + 1 + offset) % count)
    .filter((index) => !dead.has(index) && situation.canServe(index))
    .map((index) => {
      const delayMs = index > targetIndex ? 0 : backoffMs(situation);
      return { targetIndex: index, atMs: Math.max(nowMs + delayMs, askedForMs(attempts, index)) };
    });
}

/** When a target that has asked for patience may be called again. */
function askedForMs(attempts: readonly AttemptRecord[], targetIndex: number): number {
  const last = attempts.findLast((record) => record.targetIndex === targetIndex);
  return last === undefined ? 0 : last.finishedAtMs + (last.failure?.retryAfterMs ?? 0);
}

/** A failure that the same target would repeat. */
function isPermanent({ failure }: AttemptRecord): boolean {
  return failure !== undefined && !TRANSIENT.has(failure.class);
}

/** Exactly what the provider asked for, or else a back-off; a lost runner is no reason to wait. */
function delayBeforeRetryMs(situation: RetrySituation): number {
  const { failure } = situation;
  if (failure.retryAfterMs !== undefined) return failure.retryAfterMs;
  return failure.class === 'lost' ? 0 : backoffMs(situation);
}

/** Exponential back-off with full jitter: a uniform draw below the exponential bound. */
function backoffMs({ step, attempts, jitter }: RetrySituation): number {
  return Math.floor(jitter * backoffBoundMs(step.retry, attempts.length));
}

function backoffBoundMs({ baseDelayMs, maxDelayMs }: RetryPolicy, failures: number): number {
  return Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(failures - 1, 30));
}
