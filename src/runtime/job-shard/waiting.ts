import type { JobState } from '../../domain/job/job.ts';
import type { Plan } from '../../engine/plan/plan.ts';
import type { HistoryEntry } from '../messages.ts';
import type { Book, Waiting } from './book.ts';
import { waitingOn } from './reading/waiting-on.ts';

/**
 * What lists show of waiting jobs. A commit notes in the job's own row since when it waits, which costs nothing; a
 * wait that lasts is told to D1 once, and told again until that is confirmed. Only then is a row written for it.
 * The moment lies in memory: a job that moves on before has cost no more than an alarm that was to stand anyway. An
 * object that forgets it finds the wait when it next attends to the job, half a minute after its last event at most.
 */

/**
 * How late lists may be in what they show of a job's status. A wait that is shorter is nobody's concern, and a job that
 * is over sooner is told of once.
 */
export const LISTED_AFTER_MS = 5_000;

/** What a job waits for after a commit, and since when. */
export function nextWaiting(
  job: { readonly state: JobState; readonly book: Book },
  plan: Plan,
  nowMs: number,
): Waiting | undefined {
  const before = job.book.waiting;
  const on = waitingOn(job, plan, nowMs);
  if (on === null) return undefined;
  const { kind, untilAtMs } = on;
  if (before?.kind === kind) return { ...before, untilAtMs };
  return { kind, untilAtMs, sinceMs: nowMs };
}

/**
 * Numbers what is told of a wait: a later telling has a higher number, whichever arrives first. It only has to order
 * what is told between two events: another event means another `seq`, and that decides.
 */
function waitingVersion(waiting: Waiting, nowMs: number): number {
  return isLong(waiting, nowMs) ? lastingVersion(waiting) : waiting.sinceMs;
}

/** The number of what is told once a wait has lasted. */
export function lastingVersion({ sinceMs }: Waiting): number {
  return sinceMs + LISTED_AFTER_MS;
}

type WaitingColumns = Pick<
  HistoryEntry['job'],
  'waiting_kind' | 'waiting_until' | 'waiting_version'
>;

/** What D1 is told of a job's wait now. */
export function waitingColumns({ waiting }: Book, nowMs: number): WaitingColumns {
  if (waiting === undefined) return { waiting_kind: null, waiting_until: null };
  const version = { waiting_version: waitingVersion(waiting, nowMs) };
  if (!isLong(waiting, nowMs)) return { waiting_kind: null, waiting_until: null, ...version };
  return { waiting_kind: waiting.kind, waiting_until: waiting.untilAtMs, ...version };
}

function isLong(waiting: Waiting, nowMs: number): boolean {
  return nowMs >= lastingVersion(waiting);
}

/** True when a wait that lasted long enough to be shown is over, or is for something else now. */
export function wasShown(before: Book, after: Book, nowMs: number): boolean {
  const { waiting } = before;
  return waiting !== undefined && isLong(waiting, nowMs) && waiting.kind !== after.waiting?.kind;
}

/** True for a wait that lasts and that D1 is not known to have. */
export function isToldLate({ waiting }: Book, nowMs: number): boolean {
  return waiting !== undefined && waiting.told !== true && isLong(waiting, nowMs);
}
