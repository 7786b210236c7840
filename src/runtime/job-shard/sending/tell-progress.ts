import type { JobEvent } from '../../../domain/job/event.ts';
import { isTerminal, type JobState } from '../../../domain/job/job.ts';
import type { ShardContext } from '../context.ts';
import { noteEvents } from '../live/tell.ts';
import { queueHistory } from './sends.ts';
import type { JobRow } from '../tables/jobs.ts';
import { LISTED_AFTER_MS, wasShown } from '../waiting.ts';

/**
 * When D1 hears of a job that is not over. Each telling writes the job's row there again and a row of events, both of
 * which retention deletes one day, so a job that is over soon is told of once, at its end. Of one that lasts, lists
 * show status and long waits `LISTED_AFTER_MS` late at most, and everything else `PROGRESS_AFTER_MS`. The moments lie in memory;
 * an object that has forgotten them tells what is unconfirmed when it next attends to the job, half a minute after its
 * last event at most.
 */
const PROGRESS_AFTER_MS = 30_000;
/** Whoever is due this soon is told of now: one firing of the alarm instead of several. */
const TOGETHER_MS = 1_000;
/** Jobs told of in one firing of the alarm; what is left over re-arms it at once. */
const JOBS_PER_FIRING = 500;

/** How long an event may stay untold: one of the job's own moves its status, which lists show. */
function patienceMs({ type }: JobEvent): number {
  return type.startsWith('job.') ? LISTED_AFTER_MS : PROGRESS_AFTER_MS;
}

/**
 * Notes what a commit leaves to be told, and gives the moment at which D1 has to hear of it; infinity when there is
 * nothing to wait for. The end of a job leaves at once, and so does what a webhook waits for, and everything for those
 * who listen.
 */
export function noteProgress(
  context: ShardContext,
  before: JobRow | null,
  { state, book }: Pick<JobRow, 'state' | 'book'>,
  events: readonly JobEvent[],
): number {
  const { unsent } = context.memory;
  const jobId = state.birth.id;
  if (events.length > 0) noteEvents(context, jobId, before?.state.seq ?? 0);
  if (events.length > 0 && leavesAtOnce(state, events)) {
    unsent.delete(jobId);
    queueHistory(context, jobId, { isAwaited: state.birth.tells !== undefined });
    return Number.POSITIVE_INFINITY;
  }
  const nowMs = context.ports.nowMs();
  const ended = before !== null && wasShown(before.book, book, nowMs);
  const within = [...events.map(patienceMs), ...(ended ? [LISTED_AFTER_MS] : [])];
  const known = unsent.get(jobId) ?? Number.POSITIVE_INFINITY;
  const atMs = Math.min(known, nowMs + Math.min(...within));
  if (atMs < known) unsent.set(jobId, atMs);
  return atMs;
}

function leavesAtOnce({ status, birth }: JobState, events: readonly JobEvent[]): boolean {
  const { tells = [] } = birth;
  return isTerminal(status) || events.some(({ type }) => tells.includes(type));
}

/**
 * Notes for the next flush every job whose moment has come, or comes within a second. One with a wait to be told of is
 * not told of early: it would have to be told of again.
 */
export function tellProgress(context: ShardContext): void {
  const { memory, ports } = context;
  const nowMs = ports.nowMs();
  const due = [...memory.unsent].filter(
    ([jobId, atMs]) => atMs <= nowMs + (memory.tell.has(jobId) ? 0 : TOGETHER_MS),
  );
  for (const [jobId] of due.slice(0, JOBS_PER_FIRING)) {
    memory.unsent.delete(jobId);
    queueHistory(context, jobId);
  }
}

/** The earliest moment at which a running job has to be told of; infinity when there is none. */
export function nextProgressAtMs({ memory }: ShardContext): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const atMs of memory.unsent.values()) earliest = Math.min(earliest, atMs);
  return earliest;
}
