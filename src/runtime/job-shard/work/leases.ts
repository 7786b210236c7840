import { attemptKey, isInRunnersHands, type ActiveAttempt } from '../../../domain/job/attempt.ts';
import type { JobId } from '../../../domain/ids.ts';
import { isTerminal, type JobState } from '../../../domain/job/job.ts';
import type { Book } from '../book.ts';
import type { ShardContext } from '../context.ts';

/**
 * Leases live in memory. A runner renews every 20 s; one that was not heard of for `LEASE_MS` is gone. An object
 * that has just been started has heard of nobody: every runner gets `GRACE_MS` from then to show itself, more than
 * one renewal apart. Since a quiet object is put away between any two alarms, the beginning of that grace is
 * written down as `unheard` and crossed out when the runner is heard of; else it would begin again and again. A
 * lease never outlives the attempt's deadline by much, so that a runner that hangs is noticed too.
 */
const LEASE_MS = 35_000;
const GRACE_MS = 25_000;
const PAST_DEADLINE_MS = 15_000;

function seenKey(jobId: JobId, key: string): string {
  return `${jobId}/${key}`;
}

function keyOf({ step, item, attempt }: ActiveAttempt): string {
  return attemptKey(step, item, attempt);
}

/** Notes that a runner holds an attempt now. */
export function noteSeen({ memory, ports }: ShardContext, jobId: JobId, key: string): void {
  memory.seenAtMs.set(seenKey(jobId, key), ports.nowMs());
}

/** True for an attempt whose runner this object has heard of, and which has not ended. */
export function isSeen({ memory }: ShardContext, jobId: JobId, key: string): boolean {
  return memory.seenAtMs.has(seenKey(jobId, key));
}

export function dropLease({ memory }: ShardContext, jobId: JobId, key: string): void {
  memory.seenAtMs.delete(seenKey(jobId, key));
}

type Held = { readonly state: JobState; readonly book: Book };

/** When an attempt counts as lost unless its runner is heard of before. */
export function leaseEndsAtMs({ memory }: ShardContext, job: Held, active: ActiveAttempt): number {
  // Its end is the engine's business.
  if (active.ticket !== undefined) return Number.POSITIVE_INFINITY;
  if (active.child !== undefined) return active.deadlineAtMs + PAST_DEADLINE_MS;
  const key = keyOf(active);
  const seen = memory.seenAtMs.get(seenKey(job.state.birth.id, key));
  const unheard = job.book.unheard?.[key] ?? memory.bootedAtMs;
  const ends = seen === undefined ? unheard + GRACE_MS : seen + LEASE_MS;
  return Math.min(ends, active.deadlineAtMs + PAST_DEADLINE_MS);
}

/** Attempts whose runner is gone. */
export function expiredLeases(context: ShardContext, job: Held): ActiveAttempt[] {
  const nowMs = context.ports.nowMs();
  return Object.values(job.state.active).filter(
    (active) => leaseEndsAtMs(context, job, active) <= nowMs,
  );
}

/** True for an open attempt that a runner holds, and not another job, or a provider. */
function isHeld({ active }: JobState, key: string): boolean {
  const attempt = active[key];
  return attempt !== undefined && isInRunnersHands(attempt);
}

/** The marks to keep: those of open attempts that nobody has been heard of since. */
export function stillUnheard({ memory }: ShardContext, { state, book }: Held): Book['unheard'] {
  if (isTerminal(state.status)) return undefined;
  const open = Object.entries(book.unheard ?? {}).filter(
    ([key]) => isHeld(state, key) && !memory.seenAtMs.has(seenKey(state.birth.id, key)),
  );
  return open.length === 0 ? undefined : Object.fromEntries(open);
}

/** The marks with those of attempts that this object has not heard of, from its start on. */
export function markUnheard(context: ShardContext, { state, book }: Held): Book['unheard'] {
  if (isTerminal(state.status)) return undefined;
  const { memory } = context;
  const fresh = Object.keys(state.active)
    .filter((key) => isHeld(state, key) && !memory.seenAtMs.has(seenKey(state.birth.id, key)))
    .map((key) => [key, memory.bootedAtMs] as const);
  const marks = { ...Object.fromEntries(fresh), ...stillUnheard(context, { state, book }) };
  return Object.keys(marks).length === 0 ? undefined : marks;
}
