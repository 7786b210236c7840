import type { ActiveAttempt, AttemptRecord } from '../../domain/job/attempt.ts';
import type { Draft } from '../draft.ts';
import type { PlannedStep } from '../plan/plan.ts';
import { deadTargets } from '../attempts/retry.ts';
import { orderOf, targetAt } from './routing.ts';

/** The other targets of the route in the order in which they are asked, without those that would refuse again. */
export function otherTargets(
  { state, world }: Draft,
  step: PlannedStep,
  { item, targetIndex }: Pick<ActiveAttempt, 'item' | 'targetIndex'>,
  attempts: readonly AttemptRecord[],
): readonly number[] {
  const order = orderOf(step, item, state, world);
  if (!order.ok) return [];
  const dead = deadTargets(step, attempts);
  const here = order.indexes.indexOf(targetIndex);
  return [...order.indexes.slice(here + 1), ...order.indexes.slice(0, Math.max(0, here))].filter(
    (index) => {
      const target = targetAt(step.route, index);
      return target !== null && !dead.has(index) && world.target(target).usable;
    },
  );
}

/** Until when targets are closed, as far as attempts of late have found out. */
export function closedUntil(attempts: readonly AttemptRecord[]): ReadonlyMap<number, number> {
  return new Map(
    attempts.flatMap(({ declined, targetIndex }) =>
      declined === undefined ? [] : [[targetIndex, declined.untilAtMs] as const],
    ),
  );
}
