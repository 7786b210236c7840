import type { ActiveAttempt } from '../../domain/job/attempt.ts';
import type { JobState } from '../../domain/job/job.ts';
import type { StoredValue } from '../../domain/job/stored-value.ts';
import type { ProviderWork } from '../../domain/model/ticket.ts';
import type { WaitingKind } from '../../domain/job/waiting.ts';

/**
 * The shard's own notes on a job, beside its state: what has been sent and not yet confirmed, which call
 * claimed which attempt, and what lies where. PERSISTED CONTRACT: new fields are optional.
 */
export type Book = {
  /** History up to this event is in D1. */
  readonly confirmedSeq: number;
  /** Wake hints that no runner has answered yet. */
  readonly wakes: Wakes;
  /** The `requestId` of the call that claimed an attempt, by attempt key. */
  readonly claims: Readonly<Record<string, string>>;
  /** Since when nobody was heard of an open attempt's runner, by attempt key; see `leases.ts`. */
  readonly unheard?: Readonly<Record<string, number>> | undefined;
  /** True once the job that waits for this one knows its end. */
  readonly parentTold?: boolean;
  /** What providers have called back with, until it is read, by attempt key. */
  readonly callbacks?: Readonly<Record<string, StoredValue>> | undefined;
  /** Work at providers that they have to be told to stop, by attempt key; see `tickets.ts`. */
  readonly cancels?: Readonly<Record<string, TicketCancel>> | undefined;
  /** What the job waits for; absent while something moves, and once it is over. */
  readonly waiting?: Waiting | undefined;
  /** The job's slot, when it is under a limit; see `flow.ts`. */
  readonly flow?: BookFlow | undefined;
  /** Number of the tail's first event, and the tail's length in characters. */
  readonly tailFromSeq: number;
  readonly tailLength: number;
  readonly inlineLength: number;
  /** The idempotency key the job was submitted under, as a hash; goes with the job. */
  readonly keyHash: string | null;
  /** True once a value of this job was put into R2. */
  readonly objects: boolean;
  /** True once the payloads were erased. */
  readonly erased: boolean;
  /** How long payloads and history stay after the end, in milliseconds. */
  readonly payloadsMs: number;
  readonly historyMs: number;
};

export type TicketCancel = {
  readonly attempt: ActiveAttempt & { readonly ticket: ProviderWork };
  /** True for a ticket that came after its attempt was given up: an attempt to come may take it over. */
  readonly stray?: true;
  /** How often a runner was asked to tell the provider, and when last. */
  readonly tries: number;
  readonly atMs: number;
};

export type BookFlow = {
  /** Asked for, held, or on its way back. */
  readonly status: 'asked' | 'granted' | 'releasing';
  /** Number of the last event when it was asked for: higher for each time the job asks. */
  readonly turn: number;
};

export type Waiting = {
  readonly kind: WaitingKind;
  readonly untilAtMs: number | null;
  /** When it began to wait for this. */
  readonly sinceMs: number;
  /** True once D1 has it. */
  readonly told?: true;
};

export type Wakes = {
  readonly outstanding: number;
  readonly sentAtMs: number;
  /** How often a hint was repeated without an answer. */
  readonly tries: number;
};

export const NO_WAKES: Wakes = { outstanding: 0, sentAtMs: 0, tries: 0 };

/** Retention is late by a twenty-fourth of its time at most, within these bounds. */
const ROUND_MIN_MS = 60_000;
const ROUND_MAX_MS = 3_600_000;

const RESEND_FIRST_MS = 30_000;
export const RESEND_MAX_MS = 15 * 60_000;

/** How long an unanswered send waits before it is repeated: 30 s, doubling, at most 15 min. */
export function resendDelayMs(tries: number): number {
  return Math.min(RESEND_MAX_MS, RESEND_FIRST_MS * 2 ** Math.min(tries, 10));
}

/** How much ready work one wake hint stands for: about what one runner takes in a call. */
const WORK_PER_HINT = 8;
/** The most hints a job has on the way: bounds what a wide map puts into the queue at once. */
const HINTS_MAX = 16;

/** The hints to send now, given the work that nobody has claimed. */
export function hintsToSend(wakes: Wakes, runnable: number, nowMs: number): number {
  if (runnable === 0) return 0;
  const wanted = Math.min(HINTS_MAX, Math.ceil(runnable / WORK_PER_HINT));
  if (wakes.outstanding < wanted) return wanted - wakes.outstanding;
  return nowMs >= wakes.sentAtMs + resendDelayMs(wakes.tries) ? 1 : 0;
}

/** When a hint is repeated; infinity when none is open. */
export function wakesDueAtMs({ outstanding, sentAtMs, tries }: Wakes): number {
  return outstanding > 0 ? sentAtMs + resendDelayMs(tries) : Number.POSITIVE_INFINITY;
}

/** The notes after sending hints. Hints beyond those outstanding are repetitions of lost ones. */
export function afterHints(wakes: Wakes, sent: number, runnable: number, nowMs: number): Wakes {
  if (runnable === 0) return NO_WAKES;
  if (sent === 0) return wakes;
  const wanted = Math.min(HINTS_MAX, Math.ceil(runnable / WORK_PER_HINT));
  const repeated = wakes.outstanding >= wanted;
  return {
    outstanding: repeated ? wakes.outstanding : wanted,
    sentAtMs: nowMs,
    tries: repeated ? wakes.tries + 1 : 0,
  };
}

/** The notes after a runner came because of a hint. */
export function hintAnswered(wakes: Wakes): Wakes {
  if (wakes.outstanding <= 1) return NO_WAKES;
  return { ...wakes, outstanding: wakes.outstanding - 1, tries: 0 };
}

/**
 * When the job's payloads, or all of it, are to go; infinity while it is not over. It goes with others of the same
 * minute, or of the same hour when it is kept for a day or more, so that they share an alarm: a setting of an alarm
 * is billed as a row.
 */
export function retentionDueAtMs(state: JobState, book: Book): number {
  if (state.finishedAtMs === null) return Number.POSITIVE_INFINITY;
  const keptMs = book.erased ? book.historyMs : book.payloadsMs;
  const roundMs = Math.min(Math.max(Math.floor(keptMs / 24), ROUND_MIN_MS), ROUND_MAX_MS);
  return Math.ceil((state.finishedAtMs + keptMs) / roundMs) * roundMs;
}
