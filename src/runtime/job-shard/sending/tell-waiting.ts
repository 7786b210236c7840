import type { JobId } from '../../../domain/ids.ts';
import { resendDelayMs, type Book } from '../book.ts';
import type { ShardContext } from '../context.ts';
import { queueHistory } from './sends.ts';
import type { JobRow } from '../tables/jobs.ts';
import { lastingVersion } from '../waiting.ts';

/** Remembers when a job's wait has to be told, and gives that moment; infinity when there is nothing to tell. */
export function noteWaiting({ memory }: ShardContext, jobId: JobId, { waiting }: Book): number {
  if (waiting === undefined || waiting.told === true) {
    memory.tell.delete(jobId);
    return Number.POSITIVE_INFINITY;
  }
  const { sinceMs } = waiting;
  const known = memory.tell.get(jobId);
  if (known?.sinceMs === sinceMs) return known.atMs;
  const atMs = lastingVersion(waiting);
  memory.tell.set(jobId, { sinceMs, atMs, tries: 0 });
  return atMs;
}

/** Sends word of a wait that has lasted, unless that was done a moment ago. */
export function tellWaiting(context: ShardContext, { state, book }: JobRow): void {
  const jobId = state.birth.id;
  if (noteWaiting(context, jobId, book) <= context.ports.nowMs()) tell(context, jobId);
}

/** Jobs told of in one firing of the alarm; what is left over re-arms it at once. */
const WAITS_PER_FIRING = 500;

/** Sends word of every wait that has lasted by now. The jobs themselves are left alone: nothing else is due. */
export function tellWaits(context: ShardContext): void {
  const nowMs = context.ports.nowMs();
  const due = [...context.memory.tell].filter(([, { atMs }]) => atMs <= nowMs);
  for (const [jobId] of due.slice(0, WAITS_PER_FIRING)) tell(context, jobId);
}

/** Notes one wait for the next flush, and when to say it again if nobody confirms it. */
function tell(context: ShardContext, jobId: JobId): void {
  const { memory, ports } = context;
  const known = memory.tell.get(jobId);
  if (known === undefined) return;
  queueHistory(context, jobId);
  const atMs = ports.nowMs() + resendDelayMs(known.tries);
  memory.tell.set(jobId, { ...known, atMs, tries: known.tries + 1 });
}

/** The earliest moment at which a wait has to be told; infinity when there is none. */
export function nextTellAtMs({ memory }: ShardContext): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const { atMs } of memory.tell.values()) earliest = Math.min(earliest, atMs);
  return earliest;
}
