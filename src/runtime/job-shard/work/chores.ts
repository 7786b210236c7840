import type { JobId } from '../../../domain/ids.ts';
import { isTerminal, type JobState } from '../../../domain/job/job.ts';
import type { Chores } from '../../../services/ports/job-shard/turn.ts';
import { NO_WAKES, wakesDueAtMs, type Book } from '../book.ts';
import type { ShardContext } from '../context.ts';
import { loadJob, saveBook } from '../tables/jobs.ts';
import { owedCancels } from './tickets.ts';

type Standing = { readonly state: JobState; readonly book: Book };

/**
 * What has to be done for a job beside its steps: tell its parent, stop its children and its providers. Which of the
 * providers a runner is asked to tell, its call itself says.
 */
export function choresOf({ state, book }: Standing): Chores | null {
  const over = isTerminal(state.status);
  const tellParent =
    over && book.parentTold !== true && state.birth.parent !== undefined
      ? state.birth.parent
      : null;
  const unwanted = over || state.status === 'cancelling';
  const cancelChildren = unwanted ? openChildren(state) : [];
  const tickets = owedCancels(state, book);
  if (tellParent === null && cancelChildren.length + tickets.length === 0) return null;
  return { tellParent, cancelChildren };
}

/** When a runner is called again for what is owed to other jobs; infinity when nothing is. */
export function choresDueAtMs(job: Standing): number {
  return choresOf(job) === null ? Number.POSITIVE_INFINITY : wakesDueAtMs(job.book.wakes);
}

function openChildren({ active }: JobState): JobId[] {
  return Object.values(active).flatMap(({ child }) => (child === undefined ? [] : [child]));
}

/** The parent knows the end of this job: nothing more is owed to it. */
export function parentTold({ ports }: ShardContext, jobId: JobId): void {
  const row = loadJob(ports.sql, jobId);
  if (row === null || row.book.parentTold === true) return;
  const book = { ...row.book, parentTold: true };
  const wakes = choresOf({ state: row.state, book }) === null ? NO_WAKES : book.wakes;
  saveBook(ports.sql, row, { ...book, wakes });
}
