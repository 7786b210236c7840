import type { JobEvent } from '../../domain/job/event.ts';
import type { JobId } from '../../domain/ids.ts';
import { isTerminal, type JobState } from '../../domain/job/job.ts';
import { foldEvent } from '../../engine/fold/fold.ts';
import type { Plan } from '../../engine/plan/plan.ts';
import { errorName, framesOf } from '../../services/ports/log.ts';
import type { Book } from './book.ts';
import { arm } from './commit.ts';
import type { ShardContext } from './context.ts';
import { queueFlow } from './flow.ts';
import { noteEvents } from './live/tell.ts';
import { planOf } from './plans.ts';
import { queueHistory } from './sending/sends.ts';
import { insertEvents, tailOf, toLines } from './tables/events.ts';
import { loadJob, updateJob, type JobRow } from './tables/jobs.ts';
import { nextCancels } from './work/tickets.ts';

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
    quarantine(context, row.state.birth.id, error);
    return fallback;
  }
}

/** A job that is over and cannot be attended is left alone for this long. */
const LEAVE_ALONE_MS = 60_000;

/**
 * Ends a job as failed without asking the engine, and raises an alert. Goes by what is stored now: the defect may
 * have shown itself only after a commit.
 */
export function quarantine(context: ShardContext, jobId: JobId, error: unknown): void {
  const { ports } = context;
  ports.log('error', 'shard.job_quarantined', {
    job_id: jobId,
    error: errorName(error),
    stack: framesOf(error),
  });
  const row = loadJob(ports.sql, jobId);
  if (row === null) return;
  const { state, book } = row;
  if (isTerminal(state.status)) {
    context.memory.dueAtMs.set(jobId, ports.nowMs() + LEAVE_ALONE_MS);
    return;
  }
  const event: JobEvent<'job.failed'> = {
    type: 'job.failed',
    seq: state.seq + 1,
    atMs: ports.nowMs(),
    data: {
      code: 'internal',
      message: 'an internal error stopped this job; nothing you sent caused it to be charged again',
    },
  };
  const lines = toLines([event]);
  const [tailFromSeq, tailLength] = [event.seq, lines.length];
  const after = ended(state, event);
  const flow = book.flow && ({ ...book.flow, status: 'releasing' } as const);
  const cancels = cancelsAfter(context, row, after);
  const dueAtMs = ports.nowMs() + 1_000;
  ports.sql.transaction(() => {
    if (book.tailLength > 0)
      insertEvents(ports.sql, jobId, book.tailFromSeq, tailOf(ports.sql, jobId));
    updateJob(ports.sql, jobId, {
      state: after,
      book: { ...book, tailFromSeq, tailLength, claims: {}, flow, cancels },
      inline: null,
      dueAtMs,
      tail: { kind: 'replace', lines },
    });
  });
  context.memory.dueAtMs.set(jobId, dueAtMs);
  arm(context, dueAtMs);
  ports.measure({ before: state, state: after, events: [event] });
  queueHistory(context, jobId);
  noteEvents(context, jobId, state.seq);
  if (flow !== undefined) queueFlow(context, after, flow);
}

/** What the job's providers still do has to be stopped. */
function cancelsAfter({ ports }: ShardContext, before: JobRow, state: JobState): Book['cancels'] {
  return nextCancels({
    before: before.state,
    state,
    cancels: before.book.cancels,
    events: [],
    strays: [],
    attended: false,
    nowMs: ports.nowMs(),
  });
}

/** The state may be what the defect spoiled: then no more is taken from it than it needs to be over. */
function ended(state: JobState, event: JobEvent<'job.failed'>): JobState {
  try {
    return foldEvent(state, event);
  } catch {
    const { code, message } = event.data;
    const { seq, atMs: finishedAtMs } = event;
    return { ...state, status: 'failed', seq, reason: { code, message }, active: {}, finishedAtMs };
  }
}
