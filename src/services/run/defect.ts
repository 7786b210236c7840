import type { Failure } from '../../domain/job/failure.ts';
import { errorName, framesOf } from '../ports/log.ts';
import type { Attempt, ExecuteDeps } from './attempt.ts';

/** Writes down what should not have happened, and tells what it is to its attempt. */
export function defectOf(
  { log }: Pick<ExecuteDeps, 'log'>,
  { job, work }: Attempt,
  error: unknown,
): Failure {
  log('error', 'attempt.defect', {
    job_id: job.jobId,
    project: job.project,
    pipeline: `${job.pipeline}@${job.version}`,
    request_id: job.requestId,
    trace_id: job.traceId,
    step: work.step,
    item: work.item,
    attempt: work.attempt,
    provider: work.target?.provider ?? null,
    model: work.target?.model ?? null,
    error: errorName(error),
    stack: framesOf(error),
  });
  const message = 'a defect in Penstock stopped this attempt; the log has it under this job';
  return { class: 'internal', phase: 'unknown', message };
}
