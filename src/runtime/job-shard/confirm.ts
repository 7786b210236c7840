import { isTerminal } from '../../domain/job.ts';
import type { HistoryMark } from '../../services/ports/job-shard.ts';
import { retentionDueAtMs } from './book.ts';
import { arm } from './commit.ts';
import { confirmedSeq, forget, type ShardContext } from './context.ts';
import { loadJob, updateJob } from './tables/jobs.ts';

/**
 * These events are in D1. For a job that runs on, this is remembered and written with its next commit; for one
 * that is over it is the last write until its retention ends. Events after a gap do not count: they are sent
 * again together with what is missing.
 */
export function confirmHistory(context: ShardContext, marks: readonly HistoryMark[]): void {
  const inOrder = marks.toSorted((left, right) => left.firstSeq - right.firstSeq);
  for (const { jobId, firstSeq, seq } of inOrder) {
    const row = loadJob(context.ports.sql, jobId);
    if (row === null) continue;
    const confirmed = confirmedSeq(context, jobId, row.book);
    if (seq <= confirmed || firstSeq > confirmed + 1) continue;
    if (!isTerminal(row.state.status) || seq < row.state.seq) {
      context.memory.confirmedSeq.set(jobId, seq);
      continue;
    }
    const { state } = row;
    const book = { ...row.book, confirmedSeq: seq };
    const dueAtMs = retentionDueAtMs(state, book);
    updateJob(context.ports.sql, jobId, { state, book, inline: null, tail: null, dueAtMs });
    forget(context, jobId);
    arm(context, dueAtMs);
  }
}
