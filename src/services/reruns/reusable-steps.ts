import type { JobState } from '../../domain/job/job.ts';
import type { Plan } from '../../engine/plan/plan.ts';

/**
 * The steps whose recorded outputs a rerun from `fromStep` takes over: those that succeeded and neither are that
 * step nor, in the version that runs now, come after it. Steps are matched by their ids.
 */
export function reusableSteps(plan: Plan, { steps }: JobState, fromStep: string): string[] {
  const again = stepsFrom(plan, fromStep);
  return plan.steps
    .map(({ id }) => id)
    .filter((id) => !again.has(id) && steps[id]?.phase.status === 'succeeded');
}

/** A step and all that depend on it. */
function stepsFrom(plan: Plan, fromStep: string): ReadonlySet<string> {
  const found = new Set([fromStep]);
  // Steps stand in an order in which each follows its needs.
  for (const { id, needs } of plan.steps) if (needs.some((need) => found.has(need))) found.add(id);
  return found;
}

/** The steps whose turn came in a job: those that were due, and those that ended otherwise than by being skipped. */
export function stepsThatRan({ steps }: JobState): string[] {
  return Object.entries(steps).flatMap(([id, { phase, queuedAtMs }]) =>
    queuedAtMs !== null || phase.status === 'succeeded' || phase.status === 'failed' ? [id] : [],
  );
}
