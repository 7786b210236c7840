import { isTerminal } from '../../../domain/job/job.ts';
import type { HistoryMark } from '../../../services/ports/job-shard/job-shard.ts';
import { arm, jobDueAtMs, overDueAtMs } from '../commit.ts';
import { confirmedSeq, forget, type ShardContext } from '../context.ts';
import { flowLeft } from '../flow.ts';
import { planOf } from '../plans.ts';
import { loadJob, saveBook, updateJob, type JobRow } from '../tables/jobs.ts';
import { lastingVersion } from '../waiting.ts';

/** What is told here is in D1. Marks may come twice, late, and in any order. */
export function confirmHistory(context: ShardContext, marks: readonly HistoryMark[]): void {
  const inOrder = marks.toSorted((left, right) => left.firstSeq - right.firstSeq);
  for (const mark of inOrder) {
    const row = loadJob(context.ports.sql, mark.jobId);
    if (row === null) continue;
    confirmEvents(context, row, mark);
    confirmWaiting(context, row, mark);
  }
}

/**
 * For a job that runs on, this is remembered and written with its next commit; for one that is over it is the last
 * write until its retention ends. Events after a gap do not count: they are sent again together with what is missing.
 */
function confirmEvents(
  context: ShardContext,
  row: JobRow,
  { jobId, firstSeq, seq }: HistoryMark,
): void {
  const confirmed = confirmedSeq(context, jobId, row.book);
  if (seq <= confirmed || firstSeq > confirmed + 1) return;
  if (!isTerminal(row.state.status) || seq < row.state.seq) {
    context.memory.confirmedSeq.set(jobId, seq);
    return;
  }
  const { state } = row;
  const flow = flowLeft(context, row);
  const book = { ...row.book, confirmedSeq: seq, flow };
  const dueAtMs = overDueAtMs(context, { state, book });
  updateJob(context.ports.sql, jobId, { state, book, inline: null, tail: null, dueAtMs });
  forget(context, jobId);
  arm(context, dueAtMs);
}

/**
 * A job that waits long is written now, with when it is really due: whoever wakes this shard meanwhile need not look
 * at it, and an object that has forgotten everything tells nothing again.
 */
function confirmWaiting(context: ShardContext, row: JobRow, mark: HistoryMark): void {
  const { state } = row;
  const { waiting } = row.book;
  if (isTerminal(state.status) || waiting === undefined || waiting.told === true) return;
  if (mark.waitingVersion !== lastingVersion(waiting)) return;
  const plan = planOf(context, state.birth.definitionHash);
  if (plan === undefined) return;
  const { jobId } = mark;
  const book = {
    ...row.book,
    confirmedSeq: confirmedSeq(context, jobId, row.book),
    waiting: { ...waiting, told: true as const },
  };
  context.memory.tell.delete(jobId);
  if (waiting.kind === 'runner' && book.wakes.outstanding === 0) {
    // A runner said that it would come again. If it does not, the moment that stands finds the job.
    saveBook(context.ports.sql, row, book);
    return;
  }
  const dueAtMs = jobDueAtMs(context, { state, book, plan });
  updateJob(context.ports.sql, jobId, { state, book, inline: null, tail: null, dueAtMs });
  context.memory.dueAtMs.set(jobId, dueAtMs);
  arm(context, dueAtMs);
}
