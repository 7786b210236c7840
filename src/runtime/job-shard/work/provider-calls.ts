import { attemptKey } from '../../../domain/job/attempt.ts';
import { isTerminal } from '../../../domain/job/job.ts';
import type {
  CallbackAnswer,
  CallbackRequest,
  CancelledTickets,
} from '../../../services/ports/job-shard/steer.ts';
import { apply } from '../attend.ts';
import { NO_WAKES } from '../book.ts';
import { choresOf } from './chores.ts';
import type { ShardContext } from '../context.ts';
import { claimableCount } from '../flow.ts';
import { planOf } from '../plans.ts';
import { guarded } from '../quarantine.ts';
import { loadJob, saveBook, type JobRow } from '../tables/jobs.ts';

/**
 * A provider has called back. What it says lies in R2 already; a runner reads it, at once if the attempt's ticket is
 * known, and else as soon as it is. The same callback may come again, the next one takes its place.
 */
export function callBack(context: ShardContext, request: CallbackRequest): CallbackAnswer {
  const { jobId, step, item, attempt, callback } = request;
  const row = loadJob(context.ports.sql, jobId);
  if (row === null) return { kind: 'gone' };
  const key = attemptKey(step, item, attempt);
  const active = row.state.active[key];
  if (isTerminal(row.state.status) || active === undefined) {
    noteObject(context, row);
    return { kind: 'late' };
  }
  const known = row.book.callbacks?.[key];
  if (known?.key === callback.key) return { kind: 'taken' };
  const callbacks = { ...row.book.callbacks, [key]: callback };
  const noted = saveBook(context.ports.sql, row, { ...row.book, callbacks, objects: true });
  return guarded<CallbackAnswer>(context, noted, { kind: 'gone' }, (plan) => {
    if (active.ticket !== undefined)
      apply(context, noted, plan, { kind: 'callback', attempt: key });
    return { kind: 'taken' };
  });
}

/** An object that was made has to be deleted one day, whether it was of use or not. */
function noteObject({ ports }: ShardContext, row: JobRow): void {
  if (!row.book.objects) saveBook(ports.sql, row, { ...row.book, objects: true });
}

/** Providers know, or cannot be told, that nobody waits for these attempts. */
export function ticketsCancelled(context: ShardContext, { jobId, keys }: CancelledTickets): void {
  const row = loadJob(context.ports.sql, jobId);
  if (row === null || !keys.some((key) => row.book.cancels?.[key] !== undefined)) return;
  const { state } = row;
  const left = Object.entries(row.book.cancels ?? {}).filter(([key]) => !keys.includes(key));
  const cancels = left.length === 0 ? undefined : Object.fromEntries(left);
  const book = { ...row.book, cancels };
  const plan = planOf(context, state.birth.definitionHash);
  const nowMs = context.ports.nowMs();
  const idle = plan === undefined || claimableCount({ state, book }, plan, nowMs) === 0;
  const done = idle && choresOf({ state, book }) === null;
  saveBook(context.ports.sql, row, done ? { ...book, wakes: NO_WAKES } : book);
}
