import type { ActiveAttempt, AttemptRecord } from '../domain/attempt.ts';
import type { Continuation, JobEvent } from '../domain/event.ts';
import type { ItemState } from '../domain/job.ts';

/** What an event does to the records of attempts, and to an item of a map. */

export type EndEvent = JobEvent<'attempt.succeeded' | 'attempt.failed' | 'attempt.lost'>;

const UNTOUCHED_ITEM: ItemState = { status: 'open', attempts: [], output: null };

/** The attempt that an event says will follow; null when none does. */
export function retryOf(event: EndEvent): { atMs: number; targetIndex: number } | null {
  if (event.type === 'attempt.succeeded') return null;
  const continuation: Continuation = event.data;
  return 'retry' in continuation ? continuation.retry : null;
}

export function recordOf(
  started: ActiveAttempt,
  event: EndEvent | JobEvent<'cost.adjusted'>,
): AttemptRecord {
  const { attempt, target, targetIndex, startedAtMs, child } = started;
  const times = { startedAtMs, finishedAtMs: event.atMs };
  const base = {
    attempt,
    target,
    targetIndex,
    ...times,
    ...(child === undefined ? {} : { child }),
  };
  switch (event.type) {
    case 'attempt.succeeded':
      return { ...base, outcome: 'succeeded', facts: event.data.facts };
    case 'attempt.failed':
      return { ...base, outcome: 'failed', failure: event.data.failure, facts: event.data.facts };
    case 'attempt.lost':
      return { ...base, outcome: 'lost', ...(started.local ? {} : { unpriced: true }) };
    case 'cost.adjusted':
      return { ...base, outcome: 'lost', facts: event.data.facts };
  }
}

/** The records after a report that came too late. */
export function withLate(
  attempts: readonly AttemptRecord[],
  started: ActiveAttempt | undefined,
  event: JobEvent<'cost.adjusted'>,
): readonly AttemptRecord[] {
  const { attempt, data } = event;
  if (started !== undefined) return [...attempts, recordOf(started, event)];
  return attempts.map(({ unpriced, ...record }) => {
    if (record.attempt === attempt) return { ...record, facts: data.facts };
    return { ...record, ...(unpriced === undefined ? {} : { unpriced }) };
  });
}

/** The item after an event about it; `started` is the attempt as it stood before the event. */
export function foldItem(
  item: ItemState | undefined,
  event: JobEvent,
  started: ActiveAttempt | undefined,
): ItemState {
  const before = item ?? UNTOUCHED_ITEM;
  switch (event.type) {
    case 'attempt.succeeded':
      return {
        status: 'succeeded',
        attempts: started ? [...before.attempts, recordOf(started, event)] : before.attempts,
        output: event.data.output,
      };
    case 'attempt.failed':
    case 'attempt.lost':
      return {
        ...before,
        status: retryOf(event) === null ? 'failed' : 'open',
        attempts: started ? [...before.attempts, recordOf(started, event)] : before.attempts,
      };
    case 'cost.adjusted':
      return { ...before, attempts: withLate(before.attempts, started, event) };
    default:
      return before;
  }
}
