import { JOB_BUDGET } from '../../domain/budget.ts';
import type { ActiveAttempt } from '../../domain/job/attempt.ts';
import type { JobEvent } from '../../domain/job/event.ts';
import type { JobState } from '../../domain/job/job.ts';
import { retryOf, type EndEvent } from './fold-item.ts';
import { nextAttempts } from './fold-parts.ts';

/** What events say of the most that a job may have spent, in a job that has a limit. */

/**
 * A call or a child of which nobody knows what it cost counts as the most that it may have cost; not while the next
 * attempt holds that.
 */
export function assume(
  state: JobState,
  event: EndEvent,
  { allowanceNanoUsd }: Pick<ActiveAttempt, 'allowanceNanoUsd'>,
): JobState {
  if (allowanceNanoUsd === undefined || event.type === 'attempt.declined') return state;
  if (retryOf(event)?.heldNanoUsd !== undefined) return state;
  if (!('facts' in event.data)) return withAssumed(state, allowanceNanoUsd);
  const { costNanoUsd, estimateNanoUsd = allowanceNanoUsd } = event.data.facts;
  return costNanoUsd === null ? withAssumed(state, estimateNanoUsd) : state;
}

/** A child that an attempt may have made which was lost, and that no attempt will look for, may cost what it may. */
export function assumeHeld(state: JobState, step: string): JobState {
  const next = nextAttempts(state.steps[step]?.phase);
  return withAssumed(
    state,
    next.reduce((sum, { heldNanoUsd = 0 }) => sum + heldNanoUsd, 0),
  );
}

function withAssumed(state: JobState, nanoUsd: number): JobState {
  if (nanoUsd === 0) return state;
  return { ...state, assumedNanoUsd: (state.assumedNanoUsd ?? 0) + nanoUsd };
}

/** A job that fails because it may not cost more says how much it would have needed. */
export function foldNeeded(
  state: JobState,
  { data: { budgetId, reason, spentNanoUsd, estimateNanoUsd } }: JobEvent<'budget.exceeded'>,
): JobState {
  const isOwn = budgetId === JOB_BUDGET && reason === 'budget_exceeded';
  if (!isOwn || estimateNanoUsd === null) return state;
  const neededNanoUsd = Math.max(state.neededNanoUsd ?? 0, spentNanoUsd + estimateNanoUsd);
  return { ...state, neededNanoUsd };
}
