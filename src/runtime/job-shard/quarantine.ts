import type { JobEvent } from '../../domain/event.ts';
import { isTerminal } from '../../domain/job.ts';
import { foldEvent } from '../../engine/fold.ts';
import type { Plan } from '../../engine/plan.ts';
import { arm } from './commit.ts';
import type { ShardContext } from './context.ts';
import { planOf } from './plans.ts';
import { queueHistory } from './sends.ts';
import { insertEvents, tailOf, toLines } from './tables/events.ts';
import { updateJob, type JobRow } from './tables/jobs.ts';

/**
 * Runs work on one job so that a defect met on the way ends that job and no other. What the job had written
 * before stays; the failure says that it was ours.
 */
export function guarded<Answer>(
  context: ShardContext,
  row: JobRow,
  fallback: Answer,
  work: (plan: Plan) => Answer,
): Answer {
  try {
    const plan = planOf(context, row.state.birth.definitionHash);
    if (plan === undefined) throw new Error('the definition of this job is not in its shard');
    return work(plan);
  } catch (error) {
    quarantine(context, row, error);
    return fallback;
  }
}

/** Ends a job as failed without asking the engine, and raises an alert. */
export function quarantine(context: ShardContext, row: JobRow, error: unknown): void {
  const { ports } = context;
  const { state, book } = row;
  const jobId = state.birth.id;
  ports.log('error', 'shard.job_quarantined', {
    job_id: jobId,
    error: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown',
    stack: error instanceof Error ? (error.stack ?? null) : null,
  });
  if (isTerminal(state.status)) return;
  const event: JobEvent = {
    type: 'job.failed',
    seq: state.seq + 1,
    atMs: ports.nowMs(),
    data: {
      code: 'internal',
      message: 'an internal error stopped this job; nothing you sent caused it to be charged again',
    },
  };
  const lines = toLines([event]);
  const after = foldEvent(state, event);
  const dueAtMs = ports.nowMs() + 1_000;
  ports.sql.transaction(() => {
    if (book.tailLength > 0)
      insertEvents(ports.sql, jobId, book.tailFromSeq, tailOf(ports.sql, jobId));
    updateJob(ports.sql, jobId, {
      state: after,
      book: { ...book, tailFromSeq: event.seq, tailLength: lines.length, claims: {} },
      inline: null,
      dueAtMs,
      tail: { kind: 'replace', lines },
    });
  });
  context.memory.dueAtMs.set(jobId, dueAtMs);
  arm(context, dueAtMs);
  ports.measure({ before: state, state: after, events: [event] });
  queueHistory(context, jobId);
}
