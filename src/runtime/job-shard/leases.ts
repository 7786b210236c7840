import { attemptKey, type ActiveAttempt } from '../../domain/attempt.ts';
import type { JobId } from '../../domain/ids.ts';
import type { JobState } from '../../domain/job.ts';
import type { ShardContext } from './context.ts';

/**
 * Leases live in memory only. A runner renews every 20 s; one that was not heard of for `LEASE_MS` is gone.
 * After a restart of the object nobody has been heard of yet, so every runner gets `GRACE_MS` from the boot to
 * show itself: more than one renewal apart. A lease never outlives the attempt's deadline by much, so that a
 * runner that hangs is noticed too.
 */
const LEASE_MS = 35_000;
const GRACE_MS = 25_000;
const PAST_DEADLINE_MS = 15_000;

function seenKey(jobId: JobId, key: string): string {
  return `${jobId}/${key}`;
}

/** Notes that a runner holds an attempt now. */
export function noteSeen({ memory, ports }: ShardContext, jobId: JobId, key: string): void {
  memory.seenAtMs.set(seenKey(jobId, key), ports.nowMs());
}

export function dropLease({ memory }: ShardContext, jobId: JobId, key: string): void {
  memory.seenAtMs.delete(seenKey(jobId, key));
}

/** When an attempt counts as lost unless its runner is heard of before. */
export function leaseEndsAtMs(
  { memory }: ShardContext,
  jobId: JobId,
  active: ActiveAttempt,
): number {
  const key = attemptKey(active.step, active.item, active.attempt);
  const seen = memory.seenAtMs.get(seenKey(jobId, key));
  const ends = seen === undefined ? memory.bootedAtMs + GRACE_MS : seen + LEASE_MS;
  return Math.min(ends, active.deadlineAtMs + PAST_DEADLINE_MS);
}

/** Attempts whose runner is gone. */
export function expiredLeases(context: ShardContext, state: JobState): ActiveAttempt[] {
  const nowMs = context.ports.nowMs();
  return Object.values(state.active).filter(
    (active) => leaseEndsAtMs(context, state.birth.id, active) <= nowMs,
  );
}
