import type { JobState } from '../domain/job/job.ts';
import { emit, isOver, type Draft } from './draft.ts';

/**
 * No new attempt starts from here on; attempts of runners and of child jobs end first, then the job. Nobody waits for
 * a provider: it is told to stop.
 */
export function cancel(draft: Draft, by: string): void {
  if (isOver(draft) || draft.state.status === 'cancelling') return;
  if (holdsCancel(draft.state)) emit(draft, { type: 'job.cancelling', data: { by } });
  else emit(draft, { type: 'job.cancelled', data: { by } });
}

/** True while an attempt is open whose end a cancelled job waits for. */
export function holdsCancel({ active }: JobState): boolean {
  return Object.values(active).some(({ ticket }) => ticket === undefined);
}
