import { attemptKey, type ActiveAttempt, type NextAttempt } from '../../domain/job/attempt.ts';
import type { JobEvent } from '../../domain/job/event.ts';
import type { JobState, MapPhase, StepState } from '../../domain/job/job.ts';
import { addCost, NO_COST, type CostSum } from '../../domain/money.ts';

/** Changes to one place of a job's state. */

export const UNTOUCHED: StepState = {
  phase: { status: 'pending' },
  queuedAtMs: null,
  startedAtMs: null,
  finishedAtMs: null,
  attempts: [],
  cost: NO_COST,
};

export function withStep(state: JobState, id: string, change: Partial<StepState>): JobState {
  const step = state.steps[id] ?? UNTOUCHED;
  return { ...state, steps: { ...state.steps, [id]: { ...step, ...change } } };
}

export function mapPhase(state: JobState, id: string): MapPhase | null {
  const phase = state.steps[id]?.phase;
  return phase?.status === 'mapping' ? phase : null;
}

/** The attempts that a step, or the items of its map that had one already, take next. */
export function nextAttempts(phase: StepState['phase'] | undefined): readonly NextAttempt[] {
  if (phase?.status === 'queued') return [phase.next];
  return phase?.status === 'mapping' ? phase.retries : [];
}

/** Changes an attempt that has not ended. */
export function withActive(
  state: JobState,
  event: JobEvent,
  change: (active: ActiveAttempt) => Partial<ActiveAttempt>,
): JobState {
  const { step = '', item = null, attempt = 1 } = event;
  const key = attemptKey(step, item, attempt);
  const active = state.active[key];
  if (active === undefined) return state;
  return { ...state, active: { ...state.active, [key]: { ...active, ...change(active) } } };
}

/** Plans a second target beside an open attempt, or no longer. */
export function withHedge(
  state: JobState,
  { step, item, attempt }: Pick<ActiveAttempt, 'step' | 'item' | 'attempt'>,
  hedgeAtMs: number | undefined,
): JobState {
  const key = attemptKey(step, item, attempt);
  const active = state.active[key];
  if (active === undefined || active.hedgeAtMs === hedgeAtMs) return state;
  const { hedgeAtMs: _before, ...rest } = active;
  const planned = hedgeAtMs === undefined ? rest : { ...rest, hedgeAtMs };
  return { ...state, active: { ...state.active, [key]: planned } };
}

export function addStepCost(state: JobState, id: string, costNanoUsd: number | null): JobState {
  return changeCost(state, id, (sum) => addCost(sum, costNanoUsd));
}

/** Changes the cost of a step, and with it that of the job. */
export function changeCost(
  state: JobState,
  id: string,
  change: (sum: CostSum) => CostSum,
): JobState {
  const step = state.steps[id] ?? UNTOUCHED;
  return { ...withStep(state, id, { cost: change(step.cost) }), cost: change(state.cost) };
}

export function withoutUnknown(sum: CostSum): CostSum {
  return { ...sum, unpricedAttempts: Math.max(0, sum.unpricedAttempts - 1) };
}
