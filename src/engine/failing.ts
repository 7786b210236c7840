import type { StopReason } from '../domain/job/attempt.ts';
import type { Failure } from '../domain/job/failure.ts';
import { emit, stepOf, type Draft } from './draft.ts';
import type { PlannedStep } from './plan/plan.ts';

/** Ends a step without a result, and with it the job, unless the step says that the job goes on. */
export function failStep(
  draft: Draft,
  { id, onFailure }: PlannedStep,
  failure: Failure,
  stopped: StopReason,
): void {
  const handler = onFailure.kind === 'handler' ? { handler: onFailure.step } : {};
  emit(draft, { type: 'step.failed', step: id, data: { failure, stopped, ...handler } });
  if (onFailure.kind === 'fail') failJob(draft, id);
}

/** Ends the job because of a failed step. */
export function failJob(draft: Draft, id: string): void {
  // A job that is out of time has timed out, whatever its last step says; `meetDeadlines` ends it.
  if (draft.world.nowMs >= draft.state.birth.deadlineAtMs) return;
  const { phase } = stepOf(draft, id);
  if (phase.status !== 'failed') return;
  const { class: code, message } = phase.failure;
  emit(draft, {
    type: 'job.failed',
    data: { code, message: `step ${id} failed: ${message}`, step: id },
  });
}
