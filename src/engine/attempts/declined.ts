import type { ActiveAttempt, AttemptRecord } from '../../domain/job/attempt.ts';
import type { Continuation } from '../../domain/job/event.ts';
import type { FailureClass } from '../../domain/job/failure.ts';
import { retryAfter } from './beside.ts';
import { attemptsOf, emit, stepOf, subjectOf, type Draft } from '../draft.ts';
import { leftToOther } from './hedge.ts';
import type { PlannedStep } from '../plan/plan.ts';
import { movesBetween } from '../routes/plan-route.ts';
import { closedUntil, otherTargets } from '../routes/other-targets.ts';
import type { DeclinedCall, Settled } from './settlement.ts';

/**
 * What follows an attempt that its target's gate did not let through. Nothing was sent, so nothing counts: the next
 * target is tried at once, if the route moves on for what has closed the way; where none is left the step waits, for as
 * long as its deadlines allow.
 */

/** A step that was declined everywhere asks again after this long at the earliest … */
const PAUSE_MIN_MS = 1_000;
/** … and one that waits for a target that is down after a tenth of the time that it has waited, up to this. */
const PAUSE_SELDOM_MS = 300_000;
/** What a runner says of a moment further away than this is not believed: its clock may be wrong. */
const UNTIL_MAX_MS = 900_000;
/** Waiting steps come back over this part of their wait, up to a bound, so that not all come at once. */
const SPREAD = 0.25;
const SPREAD_MAX_MS = 5_000;

/** Records that nothing was sent, and plans the next attempt. */
export function decline(
  draft: Draft,
  step: PlannedStep,
  active: ActiveAttempt,
  { reason, because, untilAtMs: told }: DeclinedCall,
): Settled {
  if (active.target === null || active.ticket !== undefined) return 'repeated';
  const { nowMs } = draft.world;
  const untilAtMs = Math.ceil(Math.min(Math.max(told, nowMs), nowMs + UNTIL_MAX_MS));
  emit(draft, {
    type: 'target.skipped',
    ...subjectOf(active),
    data: { target: active.target, reason, untilAtMs },
  });
  const cause = because === undefined ? {} : { because };
  const left = leftToOther(draft, step, active, false);
  if (left !== null) {
    emit(draft, {
      type: 'attempt.declined',
      ...subjectOf(active),
      data: { reason, ...cause, untilAtMs, ...left },
    });
    return 'used';
  }
  const next = isWanted(draft, step)
    ? {
        retry: retryAfter(
          draft,
          active,
          nextTry(draft, step, active, { reason, ...cause, untilAtMs }),
        ),
      }
    : { stopped: 'cancelled' as const };
  emit(draft, {
    type: 'attempt.declined',
    ...subjectOf(active),
    data: { reason, ...cause, untilAtMs, ...next },
  });
  return 'used';
}

function isWanted(draft: Draft, step: PlannedStep): boolean {
  const { status } = stepOf(draft, step.id).phase;
  return draft.state.status !== 'cancelling' && status !== 'failed' && status !== 'succeeded';
}

type Retry = Extract<Continuation, { readonly retry: unknown }>['retry'];

/** The next target that is not known to be closed, at once; else the one that opens first. */
function nextTry(
  draft: Draft,
  step: PlannedStep,
  active: ActiveAttempt,
  declined: Omit<DeclinedCall, 'ok'>,
): Retry {
  const { nowMs } = draft.world;
  const { reason, untilAtMs } = declined;
  const attempts = attemptsOf(draft, active.step, active.item);
  const others = otherTargets(draft, step, active, attempts).filter((index) =>
    leadsTo(step, active, index, { attempts, failure: failureBehind(declined) }),
  );
  const closed = closedUntil(attempts);
  const open = others.find((index) => (closed.get(index) ?? 0) <= nowMs);
  if (open !== undefined) return { atMs: nowMs, targetIndex: open };
  let first = { atMs: untilAtMs, targetIndex: active.targetIndex };
  for (const targetIndex of others) {
    const atMs = closed.get(targetIndex) ?? 0;
    if (atMs < first.atMs) first = { atMs, targetIndex };
  }
  // A limit has room again and again; a target that is down is asked ever more seldom.
  const isLimit = reason === 'rate_limit' || reason === 'concurrency';
  const waitedMs = isLimit ? 0 : nowMs - waitingSinceMs(attempts, nowMs);
  const seldomMs = Math.min(PAUSE_SELDOM_MS, waitedMs / 10);
  const waitMs = Math.max(PAUSE_MIN_MS, first.atMs - nowMs, seldomMs);
  const spreadMs = draft.world.random() * Math.min(SPREAD_MAX_MS, SPREAD * waitMs);
  return { ...first, atMs: Math.ceil(nowMs + waitMs + spreadMs) };
}

/**
 * What a closed way stands for, as if the target had answered so itself: a limit of the deployment is there to keep it
 * from saying so. Null where no failure is behind it.
 */
export function failureBehind({
  reason,
  because,
}: Pick<DeclinedCall, 'reason' | 'because'>): FailureClass | null {
  const isLimit = reason === 'rate_limit' || reason === 'concurrency';
  return because ?? (isLimit ? 'rate_limited' : null);
}

type Behind = {
  readonly attempts: readonly AttemptRecord[];
  readonly failure: FailureClass | null;
};

/** Whether the route goes on to a target, or has come from it because that was closed. */
function leadsTo(
  { route }: PlannedStep,
  { targetIndex: from }: ActiveAttempt,
  to: number,
  { attempts, failure }: Behind,
): boolean {
  if (route === null || failure === null || movesBetween(route, from, to, failure)) return true;
  return closedUntil(attempts).has(to);
}

/** When the first of the attempts that were declined since the last call began. */
function waitingSinceMs(attempts: readonly AttemptRecord[], nowMs: number): number {
  const made = attempts.findLastIndex(({ outcome }) => outcome !== 'declined');
  return Math.min(nowMs, ...attempts.slice(made + 1).map(({ startedAtMs }) => startedAtMs));
}
