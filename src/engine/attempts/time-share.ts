import type { AttemptRecord } from '../../domain/job/attempt.ts';
import type { PlannedStep } from '../plan/plan.ts';
import { movesBetween } from '../routes/plan-route.ts';
import { attemptsLeft } from './retry.ts';
import { targetAt } from '../routes/routing.ts';
import type { World } from '../world.ts';

/** How the time that is left is shared between the targets of a route, so that the last of them still has a chance. */

/** An attempt is not made shorter than this for the sake of others: it would rarely get an answer. */
const SHARE_MIN_MS = 10_000;

/** The most of the remaining time that one attempt may take when so many targets, it included, wait for theirs. */
export function shareOfTimeMs(remainingMs: number, targets: number): number {
  const share = Math.floor(remainingMs / Math.max(1, targets));
  return Math.min(remainingMs, Math.max(share, SHARE_MIN_MS));
}

/**
 * How many targets may still be asked if this one does not answer in time, it included: those that were not asked yet
 * and to which a timeout moves on, as far as there are attempts for them. A batch has its time for itself: what a
 * provider has queued for hours is not given up for another one.
 */
export function targetsInNeed(
  step: PlannedStep,
  index: number,
  order: readonly number[],
  attempts: readonly AttemptRecord[],
  world: World,
): number {
  const { route, definition } = step;
  if (route === null || route.targets[index]?.execution === 'batch') return 1;
  const policy = definition.on_unknown ?? 'retry';
  if (policy === 'fail') return 1;
  const asked = new Set(
    attempts.flatMap(({ outcome, targetIndex }) => (outcome === 'declined' ? [] : [targetIndex])),
  );
  const others = order.filter((other) => {
    if (other === index || asked.has(other)) return false;
    const target = targetAt(route, other);
    if (target === null || !world.target(target).usable) return false;
    return policy === 'fallback' || movesBetween(route, index, other, 'timeout');
  });
  return Math.max(1, Math.min(others.length + 1, attemptsLeft(step, attempts)));
}
