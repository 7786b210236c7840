import type { ActiveAttempt, AttemptRecord } from '../../domain/job/attempt.ts';
import type { Continuation } from '../../domain/job/event.ts';
import { besideOf } from './beside.ts';
import { attemptsOf, stepOf, type Draft } from '../draft.ts';
import { closedUntil, otherTargets } from '../routes/other-targets.ts';
import type { PlannedStep } from '../plan/plan.ts';
import { wasMade } from './retry.ts';
import { sameTarget, targetAt } from '../routes/routing.ts';
import { isTicketed } from './tickets.ts';
import type { TargetView } from '../world.ts';

/**
 * A second target beside one that takes long. Both are attempts like any other, each with its lease, its deadline and
 * its cost: the first result is used and supersedes the other attempt, and a failure waits for the other one's end.
 * What goes on at its provider by itself, and work inside the Worker, is not hedged.
 */

/** However quick a target has been lately, nobody is asked sooner. */
const AFTER_MIN_MS = 50;
/**
 * What is measured is up to ten per cent off (`domain/spread.ts`). Were it taken as it is, targets whose calls all take
 * about the same time would be hedged most of the time.
 */
const MEASURE_ERROR = 1.1;

type First = Pick<ActiveAttempt, 'step' | 'item' | 'attempt' | 'target' | 'targetIndex'>;

/** When a second target is to be asked beside an attempt that starts now; null for never. */
export function plannedHedgeAtMs(
  draft: Draft,
  step: PlannedStep,
  first: First,
  deadlineAtMs: number,
): number | null {
  const { nowMs } = draft.world;
  const { target, targetIndex } = first;
  const delayMs =
    target === null ? null : hedgeDelayMs(step, targetIndex, draft.world.target(target));
  if (delayMs === null || nowMs + delayMs >= deadlineAtMs) return null;
  const attempts = attemptsOf(draft, first.step, first.item);
  if (!isLeft(step, attempts) || hedgeTargets(draft, step, first).length === 0) return null;
  return Math.ceil(nowMs + delayMs);
}

/** How long an attempt at a target runs before a second one is asked; null for one that is not hedged. */
export function hedgeDelayMs(
  step: PlannedStep,
  targetIndex: number,
  view: TargetView,
): number | null {
  const hedge = step.route?.hedge ?? null;
  if (hedge === null || !view.usable || view.local) return null;
  if (isTicketed(step, targetIndex, view)) return null;
  return hedge.afterMs ?? measured(view) ?? hedge.orMs;
}

function measured({ latencyP95Ms = null }: Extract<TargetView, { usable: true }>): number | null {
  return latencyP95Ms === null ? null : Math.max(AFTER_MIN_MS, latencyP95Ms * MEASURE_ERROR);
}

/** True while a step, or an item, may have one more call beside another. */
function isLeft({ route }: PlannedStep, attempts: readonly AttemptRecord[]): boolean {
  const made = attempts.filter((record) => record.hedgeOf !== undefined && wasMade(record));
  return made.length < (route?.hedge?.max ?? 0);
}

/** The targets that may be asked beside an attempt, in order: each once, and none that is known to be closed. */
export function hedgeTargets(draft: Draft, step: PlannedStep, first: First): readonly number[] {
  const { world } = draft;
  const attempts = attemptsOf(draft, first.step, first.item);
  const closed = closedUntil(attempts);
  const asked = new Set(
    attempts.filter(({ hedgeOf }) => hedgeOf === first.attempt).map((each) => each.targetIndex),
  );
  return otherTargets(draft, step, first, attempts).filter((index) => {
    const target = targetAt(step.route, index);
    if (target === null || asked.has(index) || (closed.get(index) ?? 0) > world.nowMs) return false;
    if (first.target !== null && sameTarget(target, first.target)) return false;
    return !isTicketed(step, index, world.target(target));
  });
}

/**
 * What follows the fruitless end of an attempt beside which another one is open: that one decides. A second target that
 * has failed may be followed by a third one. Null when no other attempt is open.
 */
export function leftToOther(
  draft: Draft,
  step: PlannedStep,
  active: ActiveAttempt,
  wasCalled: boolean,
): Extract<Continuation, { readonly leftTo: unknown }> | null {
  const other = besideOf(draft.state, active);
  if (other === null) return null;
  const leftTo = other.attempt;
  if (active.hedgeOf !== leftTo || stepOf(draft, step.id).phase.status === 'failed') {
    return { leftTo };
  }
  const attempts = attemptsOf(draft, active.step, active.item);
  const made = attempts.filter((record) => record.hedgeOf !== undefined && wasMade(record)).length;
  const mayAgain = made + (wasCalled ? 1 : 0) < (step.route?.hedge?.max ?? 0);
  const others = hedgeTargets(draft, step, other).filter((index) => index !== active.targetIndex);
  return mayAgain && others.length > 0 ? { leftTo, hedgeAtMs: draft.world.nowMs } : { leftTo };
}
