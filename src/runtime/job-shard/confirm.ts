import { isTerminal } from '../../domain/job.ts';
import type { HistoryMark } from '../../services/ports/job-shard.ts';
import { retentionDueAtMs } from './book.ts';
import { arm } from './commit.ts';
import { forget, type ShardContext } from './context.ts';
import { loadJob, updateJob } from './tables/jobs.ts';

/**
 * History up to these events is in D1. For a job that runs on, this is remembered and written with its next
 * commit; for one that is over it is the last write until its retention ends.
 */
export function confirmHistory(context: ShardContext, marks: readonly HistoryMark[]): void {
  for (const { jobId, seq } of marks) {
    const row = loadJob(context.ports.sql, jobId);
    if (row === null || row.book.confirmedSeq >= seq) continue;
    const { state } = row;
    if (!isTerminal(state.status) || seq < state.seq) {
      const known = context.memory.confirmedSeq.get(jobId) ?? 0;
      context.memory.confirmedSeq.set(jobId, Math.max(known, seq));
      continue;
    }
    const book = { ...row.book, confirmedSeq: seq };
    const dueAtMs = retentionDueAtMs(state, book);
    updateJob(context.ports.sql, jobId, { state, book, inline: null, tail: null, dueAtMs });
    forget(context, jobId);
    arm(context, dueAtMs);
  }
}
