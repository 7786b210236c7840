import { attemptKey, type ActiveAttempt } from '../../../domain/job/attempt.ts';
import type { JobEvent } from '../../../domain/job/event.ts';
import { isTerminal, type JobState } from '../../../domain/job/job.ts';
import type { Book, TicketCancel } from '../book.ts';

/**
 * Work at providers that nobody waits for any more. What has to be stopped lies in the job's book, with all that is
 * needed to tell the provider, until a runner has told it; a runner that dies over it is followed by another one. After
 * `TRIES_MAX` the provider is left alone: it stops by its own deadline.
 */
const TRIES_MAX = 10;
/** A runner that was asked has this long to say that it is done. */
const ASK_AGAIN_MS = 25_000;

type Cancels = NonNullable<Book['cancels']>;
type Ticketed = TicketCancel['attempt'];

export type CancelsInput = {
  readonly before: JobState;
  readonly state: JobState;
  readonly cancels: Book['cancels'];
  readonly events: readonly JobEvent[];
  /** Tickets that came after their attempt was given up. */
  readonly strays: readonly Ticketed[];
  /** True when a runner is there, who can be asked. */
  readonly attended: boolean;
  readonly nowMs: number;
};

/** What is to be stopped after a decision. */
export function nextCancels(input: CancelsInput): Book['cancels'] {
  const { state, cancels, strays, attended, nowMs } = input;
  const wanted = new Set(Object.values(state.active).map(({ ticket }) => ticket?.providerJobId));
  const over = isTerminal(state.status);
  const all: Cancels = {
    ...Object.fromEntries(strays.map((attempt) => [keyOf(attempt), fresh(attempt, true)])),
    ...Object.fromEntries(unwanted(input).map((attempt) => [keyOf(attempt), fresh(attempt)])),
    ...cancels,
  };
  const left = Object.entries(all).flatMap(([key, cancel]): [string, TicketCancel][] => {
    if (!over && wanted.has(cancel.attempt.ticket.providerJobId)) return [];
    if (!attended || !isDue(state, cancel, nowMs)) return [[key, cancel]];
    if (cancel.tries >= TRIES_MAX) return [];
    return [[key, { ...cancel, tries: cancel.tries + 1, atMs: nowMs }]];
  });
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

function keyOf({ step, item, attempt }: ActiveAttempt): string {
  return attemptKey(step, item, attempt);
}

function fresh(attempt: Ticketed, stray = false): TicketCancel {
  return { attempt, ...(stray ? { stray: true } : {}), tries: 0, atMs: 0 };
}

/** Tickets whose attempts were given up with these events, and at its end all that the job still has. */
function unwanted({ before, state, events }: CancelsInput): Ticketed[] {
  const ended = events.flatMap((event) => {
    const givenUp =
      event.type === 'attempt.superseded' ||
      (event.type === 'attempt.failed' && event.data.abandoned === true);
    const { step = '', item = null, attempt = 0 } = event;
    return givenUp ? [before.active[attemptKey(step, item, attempt)]] : [];
  });
  // A job that was over before has nothing new to stop.
  const ends = isTerminal(state.status) && !isTerminal(before.status);
  return [...ended, ...(ends ? Object.values(state.active) : [])].filter(isTicketed);
}

function isTicketed(active: ActiveAttempt | undefined): active is Ticketed {
  return active?.ticket !== undefined;
}

function isDue(state: JobState, cancel: TicketCancel, nowMs: number): boolean {
  return isOwed(state, cancel) && nowMs >= cancel.atMs + ASK_AGAIN_MS;
}

/** False while an attempt may still take a late ticket over. */
function isOwed(state: JobState, { attempt: { step, item }, stray }: TicketCancel): boolean {
  if (stray !== true || isTerminal(state.status) || state.status === 'cancelling') return true;
  if (comesAgain(state, step, item)) return false;
  return !Object.values(state.active).some(
    (active) => active.step === step && active.item === item && active.ticket === undefined,
  );
}

/** True in the pause before the next attempt of a step or item. */
function comesAgain({ steps }: JobState, step: string, item: number | null): boolean {
  const phase = steps[step]?.phase;
  if (item === null) return phase?.status === 'queued';
  return phase?.status === 'mapping' && phase.retries.some((retry) => retry.item === item);
}

/** Attempts whose providers have to be told, by attempt key. */
export function owedCancels(state: JobState, { cancels }: Book): string[] {
  return Object.entries(cancels ?? {}).flatMap(([key, cancel]) =>
    isOwed(state, cancel) ? [key] : [],
  );
}

/** Those that a runner was asked to tell with the last commit. */
export function askedNow(before: Book, after: Book): readonly Ticketed[] {
  return Object.entries(after.cancels ?? {}).flatMap(([key, { attempt, tries }]) =>
    tries > (before.cancels?.[key]?.tries ?? 0) ? [attempt] : [],
  );
}
