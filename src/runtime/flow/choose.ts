import { priorities, type Priority } from '../../domain/job/flow.ts';

/** The oldest waiting job of one key and one priority. */
export type Candidate = {
  readonly key: string | null;
  readonly priority: Priority;
  readonly sinceMs: number;
  readonly place: number;
};

/** A job that has waited this long shares in the grants that go by age. */
export const AGED_MS = 60_000;
/** One grant in so many goes by age: aged jobs count as `high` in it, so that none waits for ever. */
const BY_AGE_ONE_IN = 4;

export type Choosing = {
  readonly nowMs: number;
  /** A number drawn from [0, 1). */
  readonly lot: number;
  /** The key that was served last. */
  readonly lastKey: string | null;
};

/**
 * Which of the jobs that may start is next: the highest priority first, then keys in turn, then the oldest. The
 * candidates are those whose limits have room, so nobody here waits for a key that is full.
 */
export function chooseNext<Job extends Candidate>(
  candidates: Iterable<Job>,
  choosing: Choosing,
): Job | null {
  let best: Job | null = null;
  for (const candidate of candidates) {
    if (best === null || comesBefore(candidate, best, choosing)) best = candidate;
  }
  return best;
}

function comesBefore(left: Candidate, right: Candidate, choosing: Choosing): boolean {
  const order =
    rank(left, choosing) - rank(right, choosing) ||
    lap(left, choosing) - lap(right, choosing) ||
    compare(left.key ?? '', right.key ?? '');
  return order === 0 ? left.place < right.place : order < 0;
}

function rank({ priority, sinceMs }: Candidate, { nowMs, lot }: Choosing): number {
  const byAge = lot < 1 / BY_AGE_ONE_IN;
  return byAge && nowMs - sinceMs >= AGED_MS ? 0 : priorities.indexOf(priority);
}

/** Keys go round in their order: those behind the last one served are next, the others in the lap after. */
function lap({ key }: Candidate, { lastKey }: Choosing): number {
  return compare(key ?? '', lastKey ?? '') > 0 ? 0 : 1;
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
