import { cancel } from './cancel.ts';
import { failStep } from './failing.ts';
import { emit, isOver, stepOf, type Draft } from './draft.ts';
import { cancelAtMs, isWaiting, stepDeadlineAtMs } from './due.ts';
import type { PlannedStep } from './plan/plan.ts';

/** Ends what has run out of time: the job, or a step that may no longer try. */
export function meetDeadlines(draft: Draft): void {
  if (isOver(draft)) return;
  meetJobDeadline(draft);
  // A job that is being cancelled ends as cancelled, whatever its steps have run out of meanwhile.
  if (draft.state.status === 'cancelling') return;
  for (const step of draft.plan.steps) {
    if (!isOver(draft) && isOverdue(draft, step)) {
      const message = 'the step ran out of time before it had a result';
      if (stepOf(draft, step.id).phase.status === 'waiting')
        emit(draft, { type: 'wait.timed_out', step: step.id, data: {} });
      failStep(draft, step, { class: 'timeout', phase: 'not_sent', message }, 'deadline');
    }
  }
}

function meetJobDeadline(draft: Draft): void {
  const { birth, startedAtMs } = draft.state;
  const { nowMs } = draft.world;
  const started = startedAtMs !== null;
  const deadlineAtMs = started
    ? birth.deadlineAtMs
    : Math.min(birth.queueDeadlineAtMs, birth.deadlineAtMs);
  const cancelMs = cancelAtMs(draft.state);
  if (nowMs >= cancelMs && cancelMs < deadlineAtMs) cancel(draft, 'cancel-after');
  if (nowMs < deadlineAtMs || isOver(draft)) return;
  const { status, cancelledBy } = draft.state;
  if (status === 'cancelling')
    emit(draft, { type: 'job.cancelled', data: { by: cancelledBy ?? 'deadline' } });
  else emit(draft, { type: started ? 'job.timed_out' : 'job.expired', data: {} });
}

function isOverdue(draft: Draft, step: PlannedStep): boolean {
  return (
    isWaiting(stepOf(draft, step.id)) && draft.world.nowMs >= stepDeadlineAtMs(draft.state, step)
  );
}
