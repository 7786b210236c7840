import type {
  ActiveAttempt,
  AttemptFacts,
  AttemptRecord,
  Declined,
} from '../../domain/job/attempt.ts';
import type { Continuation, JobEvent } from '../../domain/job/event.ts';
import type { ItemState } from '../../domain/job/job.ts';

/** What an event does to the records of attempts, and to an item of a map. */

export type EndEvent = JobEvent<
  | 'attempt.succeeded'
  | 'attempt.failed'
  | 'attempt.lost'
  | 'attempt.superseded'
  | 'attempt.declined'
>;
type FruitlessEnd = Exclude<EndEvent, { readonly type: 'attempt.succeeded' }>;

const FRUITLESS: ReadonlySet<string> = new Set([
  'attempt.failed',
  'attempt.lost',
  'attempt.superseded',
  'attempt.declined',
] satisfies FruitlessEnd['type'][]);

/** True for the end of an attempt that gave no result. */
export function isFruitlessEnd(event: JobEvent): event is FruitlessEnd {
  return FRUITLESS.has(event.type);
}

const UNTOUCHED_ITEM: ItemState = { status: 'open', attempts: [], output: null };

function continuationOf(event: EndEvent): Continuation | null {
  if (event.type === 'attempt.succeeded' || event.type === 'attempt.superseded') return null;
  return event.data;
}

/** The attempt that an event says will follow; null when none does. */
export function retryOf(
  event: EndEvent,
): { atMs: number; targetIndex: number; attempt?: number; heldNanoUsd?: number } | null {
  const continuation = continuationOf(event);
  return continuation !== null && 'retry' in continuation ? continuation.retry : null;
}

/** The attempt beside it whose end decides what follows; null when none is open. */
export function leftToOf(event: EndEvent): { leftTo: number; hedgeAtMs?: number } | null {
  const continuation = continuationOf(event);
  return continuation !== null && 'leftTo' in continuation ? continuation : null;
}

export function recordOf(
  started: ActiveAttempt,
  event: EndEvent | JobEvent<'cost.adjusted'>,
): AttemptRecord {
  const { attempt, target, targetIndex, startedAtMs } = started;
  const times = { startedAtMs, finishedAtMs: event.atMs };
  const base = { attempt, target, targetIndex, ...times, ...workedBy(started) };
  const beside = leftToPart(event);
  switch (event.type) {
    case 'attempt.succeeded':
      return { ...base, outcome: 'succeeded', facts: recordedFacts(event.data.facts) };
    case 'attempt.failed':
      return {
        ...base,
        ...beside,
        outcome: 'failed',
        failure: event.data.failure,
        facts: recordedFacts(event.data.facts),
        ...(event.data.abandoned === true ? unpricedUnless(started) : {}),
      };
    case 'attempt.lost':
      return { ...base, ...beside, outcome: 'lost', ...unpricedUnless(started) };
    case 'attempt.superseded':
      return { ...base, outcome: 'superseded', ...unpricedUnless(started) };
    case 'attempt.declined':
      return { ...base, ...beside, outcome: 'declined', declined: declinedOf(event) };
    case 'cost.adjusted':
      return { ...base, outcome: 'lost', facts: recordedFacts(event.data.facts) };
  }
}

/** Who carried the attempt on, and beside which other one it was made. */
function workedBy({
  child,
  ticket,
  hedgeOf,
}: ActiveAttempt): Pick<AttemptRecord, 'child' | 'providerJobId' | 'hedgeOf'> {
  return {
    ...(child && { child }),
    ...(ticket && { providerJobId: ticket.providerJobId }),
    ...(hedgeOf !== undefined && { hedgeOf }),
  };
}

function leftToPart(event: EndEvent | JobEvent<'cost.adjusted'>): Pick<AttemptRecord, 'leftTo'> {
  const left = event.type === 'cost.adjusted' ? null : leftToOf(event);
  return left === null ? {} : { leftTo: left.leftTo };
}

function declinedOf({ data }: JobEvent<'attempt.declined'>): Declined {
  const { reason, budget, askedNanoUsd, untilAtMs } = data;
  return {
    reason,
    ...(budget === undefined ? {} : { budget }),
    ...(askedNanoUsd === undefined ? {} : { askedNanoUsd }),
    untilAtMs,
    times: 1,
  };
}

/**
 * The records with one more. Attempts that were declined one after the other leave one record a target, so that a wait
 * of hours takes no more room than one of seconds.
 */
export function withRecord(
  attempts: readonly AttemptRecord[],
  record: AttemptRecord,
): readonly AttemptRecord[] {
  const { declined } = record;
  const made = attempts.findLastIndex(({ outcome }) => outcome !== 'declined');
  const before = attempts.findLastIndex(({ targetIndex }) => targetIndex === record.targetIndex);
  const known = before > made ? attempts[before] : undefined;
  if (declined === undefined || known === undefined) return [...attempts, record];
  const times = (known.declined?.times ?? 0) + declined.times;
  return [
    ...attempts.filter((each) => each !== known),
    { ...record, startedAtMs: known.startedAtMs, declined: { ...declined, times } },
  ];
}

/** Work inside the Worker costs nothing, whatever became of it. */
function unpricedUnless({ local }: ActiveAttempt) {
  return local ? {} : { unpriced: true };
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
    if (record.attempt === attempt) return { ...record, facts: recordedFacts(data.facts) };
    return { ...record, ...(unpriced === undefined ? {} : { unpriced }) };
  });
}

/** The records after a result of an attempt that had been given up. */
export function withRecovered(
  attempts: readonly AttemptRecord[],
  { attempt, atMs, data }: JobEvent<'attempt.succeeded'>,
): readonly AttemptRecord[] {
  return attempts.map((record) => {
    if (record.attempt !== attempt) return record;
    const { unpriced: _unpriced, failure: _failure, ...known } = record;
    return { ...known, outcome: 'succeeded', facts: recordedFacts(data.facts), finishedAtMs: atMs };
  });
}

/** The item after an event about it; `started` is the attempt as it stood before the event. */
export function foldItem(
  item: ItemState | undefined,
  event: JobEvent,
  started: ActiveAttempt | undefined,
): ItemState {
  const before = item ?? UNTOUCHED_ITEM;
  if (isFruitlessEnd(event)) {
    return {
      ...before,
      status: statusAfter(event),
      attempts: started ? withRecord(before.attempts, recordOf(started, event)) : before.attempts,
    };
  }
  switch (event.type) {
    case 'attempt.succeeded': {
      const attempts = started && [...before.attempts, recordOf(started, event)];
      return {
        status: 'succeeded',
        attempts: attempts ?? withRecovered(before.attempts, event),
        output: event.data.output,
      };
    }
    case 'cost.adjusted':
      return { ...before, attempts: withLate(before.attempts, started, event) };
    default:
      return before;
  }
}

function statusAfter(event: EndEvent): ItemState['status'] {
  if (event.type === 'attempt.superseded' || leftToOf(event) !== null) return 'open';
  return retryOf(event) === null ? 'failed' : 'open';
}

/** What a provider said of usage in its own words stays with the event: records are read with every step. */
function recordedFacts({ rawUsage: _said, ...facts }: AttemptFacts): AttemptFacts {
  return facts;
}
