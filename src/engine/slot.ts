import { isTerminal, type JobState } from '../domain/job/job.ts';
import { mapRoom, startsNothing } from './due.ts';
import type { Plan } from './plan/plan.ts';

/**
 * True while a job is under way, or could be: what counts under a limit on jobs. One that only waits for a moment,
 * an event or another job does not, nor does one that is paused or being cancelled, once its attempts have ended.
 * The state alone decides, so that a job wants a slot anew only after an event.
 */
export function wantsSlot(state: JobState, plan: Plan): boolean {
  if (isTerminal(state.status)) return false;
  if (Object.values(state.active).some(({ child }) => child === undefined)) return true;
  if (startsNothing(state)) return false;
  return plan.steps.some((step) => {
    const phase = state.steps[step.id]?.phase;
    if (phase?.status === 'queued') return true;
    if (phase?.status !== 'mapping') return false;
    return phase.retries.length > 0 || (phase.cursor < phase.items && mapRoom(state, step) > 0);
  });
}
