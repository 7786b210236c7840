import type { JobEvent } from '../../domain/job/event.ts';
import type { JobId } from '../../domain/ids.ts';
import { isTerminal, type JobState } from '../../domain/job/job.ts';
import type { Decision } from '../../engine/decide.ts';
import { nextDueAtMs } from '../../engine/due.ts';
import type { Plan } from '../../engine/plan/plan.ts';
import {
  afterHints,
  hintsToSend,
  resendDelayMs,
  retentionDueAtMs,
  wakesDueAtMs,
  type Book,
  type Wakes,
} from './book.ts';
import { choresDueAtMs, choresOf } from './work/chores.ts';
import { nextClaims, unreadCallbacks, withoutPassed } from './work/claims.ts';
import { confirmedSeq, type ShardContext } from './context.ts';
import { claimableCount, flowDueAtMs, nextFlow, noteFlow } from './flow.ts';
import { dropLease, leaseEndsAtMs, noteSeen, stillUnheard } from './work/leases.ts';
import type { Box } from './payload-box.ts';
import { queueWakes } from './sending/sends.ts';
import { insertEvents, tailOf, toLines } from './tables/events.ts';
import { insertJob, updateJob, type JobChange, type JobRow } from './tables/jobs.ts';
import { noteProgress } from './sending/tell-progress.ts';
import { noteWaiting } from './sending/tell-waiting.ts';
import { nextCancels, type CancelsInput } from './work/tickets.ts';
import { nextWaiting } from './waiting.ts';

/** The tail moves into an event row of its own beyond this many characters. */
const TAIL_MAX = 32_768;

export type CommitInput = {
  readonly row: JobRow;
  readonly plan: Plan;
  readonly decision: Pick<Decision, 'state' | 'events' | 'claimed'>;
  readonly box: Box;
  /** The call that claims, when this is one. */
  readonly requestId: string | null;
  /** The wake notes after what this call tells of them. */
  readonly wakes: Wakes;
  /** True when the caller comes again for the work it leaves: no hint is sent for it. */
  readonly returning: boolean;
  /** True when the caller is a runner, who does the job's chores. */
  readonly attended: boolean;
  /** True when a value of the job lies in R2 since this call. */
  readonly objects: boolean;
  /** Tickets that came after their attempt was given up. */
  readonly strays?: CancelsInput['strays'] | undefined;
  /** Callbacks that were read, by their objects' keys. */
  readonly read?: readonly string[];
  /** True when the job gets the slot that it asked for. */
  readonly granted?: true;
};

/**
 * Writes what was decided about a job in one synchronous run, and arms the alarm in the same run; what has to
 * be sent is only noted, and goes out afterwards.
 */
export function commit(context: ShardContext, input: CommitInput): JobRow {
  const { ports } = context;
  const { row, decision, plan } = input;
  const { state } = decision;
  const jobId = state.birth.id;
  const nowMs = ports.nowMs();

  const flow = nextFlow(context, flowBefore(input), state, plan);
  const cancels = cancelsAfter(input, nowMs);
  const { hints, wakes } = nextHints(input, { ...row.book, flow, cancels }, nowMs);
  const tail = nextTail(context, jobId, row.book, decision.events);
  const book: Book = {
    ...row.book,
    ...tail.book,
    confirmedSeq: confirmedSeq(context, jobId, row.book),
    wakes,
    claims: nextClaims(
      withoutPassed(row.book.claims, decision.events),
      state,
      decision.claimed.keys,
      input.requestId,
    ),
    callbacks: unreadCallbacks(row.book, state, input.read ?? []),
    cancels,
    inlineLength: input.box.length,
    objects: row.book.objects || input.objects,
    unheard: stillUnheard(context, { state, book: row.book }),
    flow,
    waiting: nextWaiting({ state, book: { ...row.book, flow } }, plan, nowMs),
  };
  const dueAtMs = noteLeasesAndDue(context, {
    before: row.state,
    state,
    book,
    plan,
    claimed: decision.claimed.keys,
  });
  const change: JobChange = {
    state,
    book,
    inline: input.box.changed ? input.box.inline : null,
    tail: tail.change,
    dueAtMs: storedDue(row, state, book, dueAtMs),
  };
  if (changes(row, change)) updateJob(ports.sql, jobId, change);
  const progressAtMs = noteProgress(context, row, { state, book }, decision.events);
  arm(context, Math.min(dueAtMs, noteWaiting(context, jobId, book), progressAtMs));

  queueWakes(context, jobId, hints);
  noteFlow(context, state, row.book, book);
  return { state, book, inline: input.box.inline, dueAtMs: change.dueAtMs ?? row.dueAtMs };
}

type Hints = { readonly hints: number; readonly wakes: Wakes };

/** The hints to send after a commit. What is owed to other jobs counts as work that one runner does. */
function nextHints({ decision, plan, ...input }: CommitInput, book: Book, nowMs: number): Hints {
  const { state } = decision;
  const runnable = claimableCount({ state, book }, plan, nowMs);
  if (runnable === 0 && choresOf({ state, book }) !== null) {
    // The runner that is here does it; should it die over it, the alarm calls another one.
    if (input.attended) return { hints: 0, wakes: { outstanding: 1, sentAtMs: nowMs, tries: 0 } };
    const hints = hintsToSend(input.wakes, 1, nowMs);
    return { hints, wakes: afterHints(input.wakes, hints, 1, nowMs) };
  }
  const wanted = hintsToSend(input.wakes, runnable, nowMs);
  // A runner that comes again stands for the hints: should it not, the alarm sends them.
  const hints = input.returning ? 0 : wanted;
  return { hints, wakes: afterHints(input.wakes, wanted, runnable, nowMs) };
}

function cancelsAfter(
  { row, decision: { state, events }, strays = [], attended }: CommitInput,
  nowMs: number,
): Book['cancels'] {
  const { cancels } = row.book;
  return nextCancels({ before: row.state, state, cancels, events, strays, attended, nowMs });
}

function flowBefore({ row, granted }: CommitInput): Book['flow'] {
  const { flow } = row.book;
  return granted === true && flow !== undefined ? { ...flow, status: 'granted' } : flow;
}

/** Without an event the state is what it was; a call that found nothing to do writes nothing. */
function changes({ book }: JobRow, { tail, inline, dueAtMs, book: after }: JobChange): boolean {
  const moved = tail !== null || inline !== null || dueAtMs !== null;
  return moved || JSON.stringify(after) !== JSON.stringify(book);
}

/** Writes a new job. */
export function commitNew(
  context: ShardContext,
  input: Omit<CommitInput, 'row' | 'returning' | 'attended' | 'objects'> & { readonly book: Book },
): JobRow {
  const { state, events } = input.decision;
  const nowMs = context.ports.nowMs();
  const lines = toLines(events);
  const flow = nextFlow(context, undefined, state, input.plan);
  const runnable = claimableCount({ state, book: { ...input.book, flow } }, input.plan, nowMs);
  const hints = hintsToSend(input.wakes, runnable, nowMs);
  const book: Book = {
    ...input.book,
    tailLength: lines.length,
    inlineLength: input.box.length,
    wakes: afterHints(input.wakes, hints, runnable, nowMs),
    claims: nextClaims({}, state, input.decision.claimed.keys, input.requestId),
    flow,
    waiting: nextWaiting({ state, book: { ...input.book, flow } }, input.plan, nowMs),
  };
  const dueAtMs = noteLeasesAndDue(context, {
    before: null,
    state,
    book,
    plan: input.plan,
    claimed: input.decision.claimed.keys,
  });
  const row: JobRow = { state, book, inline: input.box.inline, dueAtMs };
  insertJob(context.ports.sql, state.birth.id, row, lines);
  const progressAtMs = noteProgress(context, null, row, events);
  arm(context, Math.min(dueAtMs, noteWaiting(context, state.birth.id, book), progressAtMs));
  queueWakes(context, state.birth.id, hints);
  noteFlow(context, state, input.book, book);
  return row;
}

/**
 * Moves the alarm forward if it stands later than this, or not at all. Always to a whole millisecond that is still
 * to come; `alarm-clock.ts` says why.
 */
export function arm({ memory, ports }: ShardContext, dueAtMs: number): void {
  if (!Number.isFinite(dueAtMs)) return;
  const atMs = Math.max(Math.ceil(dueAtMs), ports.nowMs() + 1);
  if (memory.alarmAtMs !== null && memory.alarmAtMs <= atMs) return;
  ports.setAlarm(atMs);
  memory.alarmAtMs = atMs;
}

type Tail = Pick<Book, 'tailFromSeq' | 'tailLength'>;

function nextTail(
  { ports }: ShardContext,
  jobId: JobId,
  book: Book,
  events: readonly JobEvent[],
): { readonly book: Tail; readonly change: JobChange['tail'] } {
  const { tailFromSeq, tailLength } = book;
  const [first] = events;
  if (first === undefined) return { book: { tailFromSeq, tailLength }, change: null };
  const lines = toLines(events);
  if (tailLength + lines.length <= TAIL_MAX) {
    return {
      book: { tailFromSeq, tailLength: tailLength + lines.length },
      change: { kind: 'append', lines },
    };
  }
  if (tailLength > 0) insertEvents(ports.sql, jobId, tailFromSeq, tailOf(ports.sql, jobId));
  return {
    book: { tailFromSeq: first.seq, tailLength: lines.length },
    change: { kind: 'replace', lines },
  };
}

type DueInput = {
  readonly before: JobState | null;
  readonly state: JobState;
  readonly book: Book;
  readonly plan: Plan;
  readonly claimed: readonly string[];
};

function noteLeasesAndDue(context: ShardContext, input: DueInput): number {
  const { state } = input;
  const jobId = state.birth.id;
  for (const key of input.claimed) noteSeen(context, jobId, key);
  for (const key of Object.keys(input.before?.active ?? {})) {
    if (state.active[key] === undefined || isTerminal(state.status)) dropLease(context, jobId, key);
  }
  const dueAtMs = jobDueAtMs(context, input);
  context.memory.dueAtMs.set(jobId, dueAtMs);
  return dueAtMs;
}

type Standing = { readonly state: JobState; readonly book: Book };

/** The next moment at which a job needs attention: from the engine, its leases, or what is unconfirmed. */
export function jobDueAtMs(context: ShardContext, job: Standing & { readonly plan: Plan }): number {
  const { state, book, plan } = job;
  if (isTerminal(state.status)) return overDueAtMs(context, job);
  const nowMs = context.ports.nowMs();
  const leaseEnds = Object.values(state.active).map((active) =>
    leaseEndsAtMs(context, job, active),
  );
  return Math.min(
    historyDueAtMs(context, job),
    nextDueAtMs(state, plan, nowMs),
    unhintedDueAtMs(job, nowMs),
    wakesDueAtMs(book.wakes),
    flowDueAtMs(context, job),
    ...leaseEnds,
  );
}

/** At once when there is work of which nobody was told: a back-off may end between two looks at the clock. */
function unhintedDueAtMs(
  { state, book, plan }: Standing & { readonly plan: Plan },
  nowMs: number,
): number {
  const runnable = claimableCount({ state, book }, plan, nowMs);
  return hintsToSend(book.wakes, runnable, nowMs) > 0 ? nowMs : Number.POSITIVE_INFINITY;
}

/** The next moment for a job that is over: until its history is safe, and then until it is erased. */
export function overDueAtMs(context: ShardContext, job: Standing): number {
  const historyDue = historyDueAtMs(context, job);
  const due = Math.min(historyDue, choresDueAtMs(job), flowDueAtMs(context, job));
  return Number.isFinite(due) ? due : retentionDueAtMs(job.state, job.book);
}

/** When history has to be sent again; infinity when all of it is confirmed. */
function historyDueAtMs(context: ShardContext, { state, book }: Standing): number {
  const { memory, ports } = context;
  const jobId = state.birth.id;
  if (confirmedSeq(context, jobId, book) >= state.seq) return Number.POSITIVE_INFINITY;
  const sent = memory.sent.get(jobId);
  const leaves = memory.toSend.has(jobId) || sent === undefined || sent.seq < state.seq;
  // What is about to leave for the first time, or again, has all its time before it.
  return leaves ? ports.nowMs() + resendDelayMs(0) : sent.atMs + resendDelayMs(sent.tries);
}

/**
 * The stored lower bound moves only when it must: to an earlier moment, or, once the job is over and its
 * history is safe, to the day it is to be erased.
 */
function storedDue(row: JobRow, state: JobState, book: Book, dueAtMs: number): number | null {
  if (dueAtMs < row.dueAtMs) return dueAtMs;
  const settled = isTerminal(state.status) && book.confirmedSeq >= state.seq;
  return settled && dueAtMs !== row.dueAtMs ? dueAtMs : null;
}
