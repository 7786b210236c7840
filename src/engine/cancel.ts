import { emit, isOver, type Draft } from './draft.ts';

/** No new attempt starts from here on; attempts in runners' hands end first, then the job. */
export function cancel(draft: Draft, by: string): void {
  if (isOver(draft) || draft.state.status === 'cancelling') return;
  if (Object.keys(draft.state.active).length === 0) {
    emit(draft, { type: 'job.cancelled', data: { by } });
  } else {
    emit(draft, { type: 'job.cancelling', data: { by } });
  }
}
