import type { AttemptRecord, StopReason } from '../../domain/job/attempt.ts';
import { isMisfit, type Failure, type FailureClass } from '../../domain/job/failure.ts';
import type { PlannedStep, RetryPolicy } from '../plan/plan.ts';
import { movesBetween } from '../routes/plan-route.ts';

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
  /** The targets of the route that are asked at all, the first one first. */
  readonly order: readonly number[];
  /** Whether a target of the route can be called at all. */
  canServe(targetIndex: number): boolean;
  readonly nowMs: number;
  /** No attempt starts at or after this moment. */
  readonly deadlineAtMs: number;
  readonly jitter: number;
  /** True when nothing is paid for the work. */
  readonly local?: boolean;
  /** True when the target can be asked what became of the call. */
  readonly asksFirst?: boolean;
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

/** What a failure means for what follows. */
type Verdict = {
  /** Whether the same call may go to the same target. */
  readonly same: boolean;
  /** Whether it may go to another target of the route. */
  readonly others: boolean;
  /** True when it may go to every other target, whatever the route says of such failures. */
  readonly anyOther?: true;
};

const NOWHERE: Verdict = { same: false, others: false };
const SAME_ONLY: Verdict = { same: true, others: false };

/**
 * The table: class of the failure, how far the work had got, and what the target can tell of it.
 *
 * | failure                                                | same target | other targets        |
 * | ------------------------------------------------------ | ----------- | -------------------- |
 * | transient, and the provider did not take it, or failed | yes         | as the route says    |
 * | transient, unknown whether taken, target can be asked  | asks first  | once it has not taken two |
 * | transient, unknown, nobody can tell, `retry`           | yes         | as the route says    |
 * | transient, unknown, nobody can tell, `fallback`        | no          | yes                  |
 * | transient, unknown, nobody can tell, `fail`            | no          | no                   |
 * | the model cannot serve the call, nothing was sent      | no          | yes                  |
 * | anything else                                          | no          | as the route says    |
 *
 * "As the route says" is the `strategy.on` of the innermost route that holds both targets. It never has a content
 * refusal unless its author wrote it there.
 */
function verdictOf(situation: RetrySituation): Verdict {
  const { step, failure } = situation;
  // Nothing was asked: whatever the route says of failures, the next target is.
  if (isMisfit(failure)) return { same: false, others: hasOthers(situation), anyOther: true };
  const others = movesOn(situation);
  if (!TRANSIENT.has(failure.class)) return { same: false, others };
  if (!isUnknownOutcome(situation)) return { same: true, others };
  if (situation.asksFirst === true && failure.code !== NOT_RECONCILED) return SAME_ONLY;
  switch (step.definition.on_unknown ?? 'retry') {
    case 'retry':
      return { same: true, others };
    case 'fallback':
      return { same: false, others: hasOthers(situation), anyOther: true };
    case 'fail':
      return NOWHERE;
  }
}

/** The code of a failure that says: the provider could not tell what became of a call, and nothing was sent again. */
export const NOT_RECONCILED = 'not_reconciled';

/** True when a call may have been taken, and paid for, though nobody knows. */
function isUnknownOutcome({ step, failure, local }: RetrySituation): boolean {
  return step.route !== null && local !== true && failure.phase === 'unknown';
}

/** True for an attempt at a target of which nobody knows whether the provider took it. */
export function isUnresolved({ outcome, failure, facts }: AttemptRecord): boolean {
  if (facts !== undefined && facts.costNanoUsd !== null) return false;
  if (outcome === 'lost') return true;
  return failure?.phase === 'unknown' && TRANSIENT.has(failure.class);
}

/** True when a call follows though the one before may have been taken too: both may be paid for. */
export function maySpendTwice(situation: RetrySituation, move: NextMove): boolean {
  if (move.kind !== 'retry' || !isUnknownOutcome(situation)) return false;
  return situation.asksFirst !== true || situation.failure.code === NOT_RECONCILED;
}

/** Lost attempts of steps that have no effect outside cost nothing; this bounds a step that kills its runner. */
const LOST_MAX = 10;

/** Decides between another attempt and giving up. */
export function nextMove(situation: RetrySituation): NextMove {
  const { step, failure, attempts, targetIndex } = situation;
  if (attemptsLeft(step, attempts) <= 0) return { kind: 'stop', reason: 'max_attempts' };
  if (failure.class === 'output_invalid' && reAsks(attempts) <= step.reAsksMax) {
    return at(situation, situation.nowMs, targetIndex);
  }
  const verdict = verdictOf(situation);
  const others = verdict.others ? otherTargets(situation, verdict) : [];
  const [first, ...rest] = [...others, ...(verdict.same ? [sameTarget(situation)] : [])];
  if (first === undefined) {
    return { kind: 'stop', reason: verdict.others ? 'no_target_left' : 'not_retryable' };
  }
  const soonest = rest.reduce((best, next) => (next.atMs < best.atMs ? next : best), first);
  return at(situation, soonest.atMs, soonest.targetIndex);
}

type Option = { readonly targetIndex: number; readonly atMs: number };

/** True when the route has other targets for failures like this one. */
function movesOn(situation: RetrySituation): boolean {
  const { order, targetIndex } = situation;
  return order.some((index) => index !== targetIndex && isOpenTo(situation, index));
}

function hasOthers({ order, targetIndex }: RetrySituation): boolean {
  return order.some((index) => index !== targetIndex);
}

/** Whether the route lets this failure move on to a target. */
function isOpenTo({ step: { route }, failure, targetIndex }: RetrySituation, to: number): boolean {
  return route !== null && movesBetween(route, targetIndex, to, failure.class);
}

function sameTarget(situation: RetrySituation): Option {
  return {
    targetIndex: situation.targetIndex,
    atMs: situation.nowMs + delayBeforeRetryMs(situation),
  };
}

function at({ deadlineAtMs }: RetrySituation, atMs: number, targetIndex: number): NextMove {
  return atMs < deadlineAtMs
    ? { kind: 'retry', atMs, targetIndex }
    : { kind: 'stop', reason: 'deadline' };
}

export function attemptsLeft(step: PlannedStep, attempts: readonly AttemptRecord[]): number {
  const lost = attempts.filter((record) => record.outcome === 'lost').length;
  // A second target that was asked beside the first is no further try.
  const made = attempts.filter((record) => wasMade(record) && !isHedge(record)).length;
  if (step.route !== null) return step.retry.maxAttempts + reAsksUsed(step, attempts) - made;
  return Math.min(step.retry.maxAttempts - (made - lost), LOST_MAX - lost);
}

/** False for an attempt that sent nothing because its target was passed over. */
export function wasMade({ outcome, failure }: AttemptRecord): boolean {
  return outcome !== 'declined' && (failure === undefined || !isMisfit(failure));
}

function isHedge({ hedgeOf }: AttemptRecord): boolean {
  return hedgeOf !== undefined;
}

/** Re-asks have a bound of their own and do not use up the attempts. */
function reAsksUsed(step: PlannedStep, attempts: readonly AttemptRecord[]): number {
  return Math.min(step.reAsksMax, reAsks(attempts));
}

/** How often an output check has failed so far; once for two attempts side by side. */
export function reAsks(attempts: readonly AttemptRecord[]): number {
  return attempts.filter(
    ({ failure, leftTo }) => failure?.class === 'output_invalid' && leftTo === undefined,
  ).length;
}

/**
 * The targets of the route that may still serve, going round once: those further down at once, those that come
 * round again after a back-off, and none before the moment that it asked for itself.
 */
function otherTargets(situation: RetrySituation, { anyOther }: Verdict): Option[] {
  const { step, attempts, targetIndex, order, nowMs } = situation;
  if (step.route === null) return [];
  const dead = deadTargets(step, attempts);
  const asked = new Set(
    attempts.flatMap(({ outcome, targetIndex: index }) => (outcome === 'declined' ? [] : [index])),
  );
  const beside = askedBeside(attempts);
  const here = order.indexOf(targetIndex);
  return [...order.slice(here + 1), ...order.slice(0, Math.max(0, here))]
    .filter((index) => !dead.has(index) && situation.canServe(index))
    .filter((index) => anyOther === true || isOpenTo(situation, index))
    .map((index) => {
      const comesRound = (order.indexOf(index) < here && asked.has(index)) || beside.has(index);
      const delayMs = comesRound ? backoffMs(situation) : 0;
      return { targetIndex: index, atMs: Math.max(nowMs + delayMs, askedForMs(attempts, index)) };
    });
}

/** Targets that were called at the same time as that of the last attempt, and gave no result either. */
function askedBeside(attempts: readonly AttemptRecord[]): ReadonlySet<number> {
  const last = attempts.at(-1);
  const first = last?.hedgeOf ?? last?.attempt;
  const beside = attempts.filter(
    (record) =>
      record !== last &&
      record.outcome !== 'declined' &&
      (record.hedgeOf === first || record.attempt === first),
  );
  return new Set(beside.map(({ targetIndex }) => targetIndex));
}

/** When a target that has asked for patience may be called again. */
function askedForMs(attempts: readonly AttemptRecord[], targetIndex: number): number {
  const last = attempts.findLast((record) => record.targetIndex === targetIndex);
  if (last?.declined !== undefined) return last.declined.untilAtMs;
  return last === undefined ? 0 : last.finishedAtMs + (last.failure?.retryAfterMs ?? 0);
}

/**
 * The targets that are not asked again, by their indexes. Whoever would rather change the target than pay twice does
 * not come back to one that may have been paid.
 */
export function deadTargets(
  step: PlannedStep,
  attempts: readonly AttemptRecord[],
): ReadonlySet<number> {
  const avoids = step.definition.on_unknown === 'fallback';
  const dead = attempts.filter((record) => isPermanent(record) || (avoids && isUnresolved(record)));
  return new Set(dead.map(({ targetIndex }) => targetIndex));
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
  const tries = attempts.filter((record) => !isHedge(record)).length;
  return Math.floor(jitter * backoffBoundMs(step.retry, Math.max(1, tries)));
}

export function backoffBoundMs({ baseDelayMs, maxDelayMs }: RetryPolicy, failures: number): number {
  return Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(failures - 1, 30));
}
