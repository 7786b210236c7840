import type { ActiveAttempt } from '../domain/job/attempt.ts';
import type { JobEvent } from '../domain/job/event.ts';
import type { JobBirth, JobState } from '../domain/job/job.ts';
import type { StoredValue } from '../domain/job/stored-value.ts';
import { advance } from './advance.ts';
import { cancel } from './cancel.ts';
import { claim, type Claimed, type ClaimInput } from './attempts/claim.ts';
import { meetDeadlines } from './deadlines.ts';
import { emit, isOver, subjectOf, type Draft, type TouchedItem } from './draft.ts';
import { unbornState } from './fold/fold.ts';
import type { Plan } from './plan/plan.ts';
import { completeEvent, completeTimers } from './waits.ts';
import { giveUpTickets, lose, settle } from './attempts/settle.ts';
import type { Settled, Settlement } from './attempts/settlement.ts';
import type { World } from './world.ts';

/**
 * The engine: what happens to a job when something happens. A plain function over data; the shard around it
 * stores what it returns in one write and tells others afterwards.
 *
 * Invariants, cited by tests as E1 … E9:
 *
 * E1  A job reaches exactly one terminal status, and no event but `cost.adjusted` follows it.
 * E2  An attempt's result is used once. A second report for it changes nothing. A result that comes after its attempt was
 *     given up is used if the step is still open, and makes a newer attempt needless.
 * E3  Any other report for an attempt that is no longer open changes nothing but the cost, and the cost only once.
 * E4  No attempt starts after a cancel, while the job is paused, after a terminal status, or at or after its deadline.
 * E5  No step starts before all steps it needs have ended.
 * E6  A step or item has at most one attempt that is open, and beside it at most one at another target; a provider's
 *     work is asked for by one runner at a time.
 * E7  A map never has more items in progress than its `max_concurrency`.
 * E8  The cost of a job is the sum of the costs of its attempts; an unknown one is counted as unpriced.
 * E9  Folding the events over the unborn state gives the state.
 */

export type Input =
  | {
      readonly kind: 'turn';
      readonly settled: readonly Settlement[];
      readonly claim: ClaimInput | null;
    }
  | { readonly kind: 'lost'; readonly attempts: readonly ActiveAttempt[] }
  | { readonly kind: 'timer' }
  | { readonly kind: 'cancel'; readonly by: string }
  | { readonly kind: 'pause'; readonly by: string }
  | { readonly kind: 'resume'; readonly by: string }
  /** The provider has called back about an attempt, by attempt key. */
  | { readonly kind: 'callback'; readonly attempt: string }
  /** An event has come from outside; `outputs` says for each waiting step where its payload lies. */
  | {
      readonly kind: 'event';
      readonly by: string;
      readonly outputs: Readonly<Record<string, StoredValue>>;
    };

export type Decision = {
  readonly state: JobState;
  readonly events: readonly JobEvent[];
  /** Items that this decision touched. */
  readonly items: readonly TouchedItem[];
  /** What became of each settlement, in order. */
  readonly settled: readonly Settled[];
  readonly claimed: Claimed;
};

export const NOTHING_CLAIMED: Claimed = { keys: [], unfit: false, starved: false, ended: false };

/** A step that has succeeded before its job begins, with where the output lies that it takes over. */
export type ReusedStep = { readonly step: string; readonly output: StoredValue | null };

/** A new job's first decision: queued, with the steps that can start already open. */
export function createJob(
  birth: JobBirth,
  plan: Plan,
  world: World,
  first: ClaimInput | null,
  reused: readonly ReusedStep[] = [],
): Decision {
  const stepIds = plan.steps.map((step) => step.id);
  const draft = openDraft(unbornState(birth, stepIds), plan, world);
  const { pipeline, version, definitionHash, input, rerunOf } = birth;
  const rerun = rerunOf === undefined ? {} : { rerunOf };
  emit(draft, { type: 'job.queued', data: { pipeline, version, definitionHash, input, ...rerun } });
  for (const { step, output } of reused) {
    emit(draft, { type: 'step.succeeded', step, data: { output, reused: true } });
  }
  return proceed(draft, [], first);
}

/** What an input does to a job. Always gives a decision; one without events changed nothing. */
export function decide(state: JobState, plan: Plan, input: Input, world: World): Decision {
  const draft = openDraft(state, plan, world);
  switch (input.kind) {
    case 'turn':
      return turn(draft, input.settled, input.claim);
    case 'lost':
      for (const active of hedgesFirst(input.attempts)) lose(draft, active);
      return finish(draft);
    case 'timer':
      return finish(draft);
    case 'cancel':
      cancel(draft, input.by);
      return finish(draft);
    case 'pause':
      pause(draft, input.by);
      return finish(draft);
    case 'resume':
      resume(draft, input.by);
      return finish(draft);
    case 'event':
      completeEvent(draft, input);
      return finish(draft);
    case 'callback':
      calledBack(draft, input.attempt);
      return finish(draft);
  }
}

/** Of two attempts side by side that are lost together, the first one says what follows. */
function hedgesFirst(attempts: readonly ActiveAttempt[]): ActiveAttempt[] {
  const hedges = attempts.filter(({ hedgeOf }) => hedgeOf !== undefined);
  return [...hedges, ...attempts.filter(({ hedgeOf }) => hedgeOf === undefined)];
}

function turn(
  draft: Draft,
  settlements: readonly Settlement[],
  request: ClaimInput | null,
): Decision {
  return proceed(
    draft,
    settlements.map((settlement) => settle(draft, settlement)),
    request,
  );
}

function finish(draft: Draft): Decision {
  return proceed(draft, [], null);
}

/** A provider calls back: what it has done is asked for, or read, at once. */
function calledBack(draft: Draft, key: string): void {
  const active = draft.state.active[key];
  const { nowMs } = draft.world;
  if (isOver(draft) || active?.ticket === undefined || active.ticket.checkAtMs <= nowMs) return;
  emit(draft, { type: 'attempt.called_back', ...subjectOf(active), data: { checkAtMs: nowMs } });
}

/** What follows whatever has happened: time is up, or steps open, or attempts are handed out. */
function proceed(draft: Draft, settled: readonly Settled[], request: ClaimInput | null): Decision {
  if (draft.state.status !== 'cancelling') giveUpTickets(draft);
  meetDeadlines(draft);
  if (!isOver(draft)) giveUpTickets(draft);
  if (!isOver(draft)) completeTimers(draft);
  if (!isOver(draft)) advance(draft);
  const claimed = request === null || isOver(draft) ? NOTHING_CLAIMED : claim(draft, request);
  if (claimed.ended && !isOver(draft)) {
    giveUpTickets(draft);
    advance(draft);
  }
  return close(draft, settled, claimed);
}

function openDraft(state: JobState, plan: Plan, world: World): Draft {
  return { state, plan, world, events: [], items: new Map() };
}

function close(draft: Draft, settled: readonly Settled[], claimed: Claimed): Decision {
  return {
    state: draft.state,
    events: draft.events,
    items: [...draft.items.values()],
    settled,
    claimed,
  };
}

function resume(draft: Draft, by: string): void {
  if (draft.state.status === 'paused') emit(draft, { type: 'job.resumed', data: { by } });
}

/** Nothing starts until the job is resumed; what runs comes to its end, and deadlines go on. */
function pause(draft: Draft, by: string): void {
  const { status } = draft.state;
  if (isOver(draft) || status === 'cancelling' || status === 'paused') return;
  emit(draft, { type: 'job.paused', data: { by } });
}
