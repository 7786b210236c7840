import {
  attemptKey,
  type ActiveAttempt,
  type NextAttempt,
  type Target,
} from '../../domain/job/attempt.ts';
import { timesOf } from './attempt-times.ts';
import { nextNumber } from './beside.ts';
import { mapRoom, startsNothing } from '../due.ts';
import { failStep } from '../failing.ts';
import { attemptsOf, emit, isOver, stepOf, subjectOf, type Draft } from '../draft.ts';
import { hedgeTargets, plannedHedgeAtMs } from './hedge.ts';
import { dueHedges } from './hedge-moments.ts';
import { allowancePart } from './job-budget.ts';
import type { PlannedStep } from '../plan/plan.ts';
import {
  chooseTarget,
  noTargetFailure,
  orderFor,
  orderOf,
  sameTarget,
  targetAt,
  type Choice,
} from '../routes/routing.ts';
import { dueTickets, POLL_MS } from './tickets.ts';

/** What a runner can take on. `calls` are outgoing connections, `local` is work inside the Worker. */
export type Capacity = { readonly calls: number; readonly local: number };

export type ClaimInput = {
  readonly capacity: Capacity;
  /** No attempt is handed out whose deadline lies after this moment: the runner would not live to see it. */
  readonly untilMs: number;
};

/** What a claim gave, and what held the rest back: the runner's life too short, or no connection free. */
export type Claimed = {
  readonly keys: readonly string[];
  readonly unfit: boolean;
  readonly starved: boolean;
  /** True when a step ended instead of starting: others may open now. */
  readonly ended: boolean;
};

type Candidate = {
  readonly step: PlannedStep;
  readonly item: number | null;
  readonly next: NextAttempt;
};

/** Hands out attempts that may start now, in the order of the steps, as far as the capacity goes. */
export function claim(draft: Draft, input: ClaimInput): Claimed {
  const left = { ...input.capacity };
  const outcomes: Started[] = [...poll(draft, input, left), ...hedge(draft, input, left)];
  for (const step of draft.plan.steps) {
    for (const candidate of candidates(draft, step)) {
      if (isOver(draft) || startsNothing(draft.state)) break;
      const outcome = start(draft, candidate, input, left);
      outcomes.push(outcome);
      if (outcome.kind !== 'started') break;
    }
  }
  return {
    keys: outcomes.flatMap((outcome) => (outcome.kind === 'started' ? [outcome.key] : [])),
    unfit: outcomes.some((outcome) => outcome.kind === 'unfit'),
    starved: outcomes.some((outcome) => outcome.kind === 'full' && outcome.slot === 'calls'),
    ended: outcomes.some((outcome) => outcome.kind === 'gone'),
  };
}

type Started =
  | { readonly kind: 'started'; readonly key: string }
  | { readonly kind: 'full'; readonly slot: keyof Capacity }
  /** It may last longer than the runner. */
  | { readonly kind: 'unfit' }
  /** The step ended instead. */
  | { readonly kind: 'gone' };

/** Attempts of a step that are due, one after the other; a map's as far as its concurrency allows. */
function* candidates(draft: Draft, step: PlannedStep): Generator<Candidate> {
  const { phase } = stepOf(draft, step.id);
  const { nowMs } = draft.world;
  if (phase.status === 'queued' && phase.next.notBeforeMs <= nowMs) {
    yield { step, item: null, next: phase.next };
  }
  if (phase.status !== 'mapping') return;
  for (const retry of phase.retries) {
    if (retry.notBeforeMs <= nowMs) yield { step, item: retry.item, next: retry };
  }
  let room = mapRoom(draft.state, step);
  for (let item = phase.cursor; item < phase.items && room > 0; item += 1, room -= 1) {
    yield { step, item, next: { attempt: 1, notBeforeMs: nowMs, targetIndex: 0 } };
  }
}

function start(
  draft: Draft,
  candidate: Candidate,
  input: ClaimInput,
  left: { calls: number; local: number },
): Started {
  const { step, next } = candidate;
  const found = orderOf(step, candidate.item, draft.state, draft.world);
  if (!found.ok) {
    const message = `\`route\`: ${found.failure.message}`;
    failStep(draft, step, { ...found.failure, message }, 'not_retryable');
    return { kind: 'gone' };
  }
  const order = orderFor(found.indexes, next);
  const choice = chooseTarget(step.route, order, draft.world);
  const { deadlineAtMs, heldUntilMs } = timesOf(draft, step, candidate.item, choice.chosen, order);
  if (heldUntilMs > input.untilMs) return { kind: 'unfit' };
  if (choice.chosen === null) {
    recordRoute(draft, candidate, choice, order);
    failStep(draft, step, noTargetFailure(choice), 'no_target_left');
    return { kind: 'gone' };
  }
  const slot = choice.chosen.local ? 'local' : 'calls';
  if (left[slot] <= 0) return { kind: 'full', slot };
  left[slot] -= 1;

  if (draft.state.startedAtMs === null) emit(draft, { type: 'job.started', data: {} });
  if (stepOf(draft, step.id).startedAtMs === null) {
    emit(draft, { type: 'step.started', step: step.id, data: {} });
  }
  recordRoute(draft, candidate, choice, order);
  const { target, index, local } = choice.chosen;
  const place = { step: step.id, item: candidate.item, attempt: next.attempt };
  const first = { ...place, target, targetIndex: index };
  const hedgeAtMs = plannedHedgeAtMs(draft, step, first, deadlineAtMs);
  emit(draft, {
    type: 'attempt.started',
    ...subject(candidate),
    data: {
      target,
      targetIndex: index,
      deadlineAtMs,
      local,
      ...allowancePart(draft, step, { item: candidate.item, target, local, next }),
      ...(hedgeAtMs === null ? {} : { hedgeAtMs }),
    },
  });
  return { kind: 'started', key: keyOf(place) };
}

/** Hands out second attempts beside those that take long: before new work, which can wait as long as it has. */
function hedge(draft: Draft, input: ClaimInput, left: { calls: number; local: number }): Started[] {
  if (startsNothing(draft.state)) return [];
  return dueHedges(draft.state, draft.world.nowMs).flatMap((first) => {
    const step = draft.plan.byId.get(first.step);
    return step === undefined ? [] : startBeside(draft, step, first, input, left);
  });
}

function startBeside(
  draft: Draft,
  step: PlannedStep,
  first: ActiveAttempt,
  input: ClaimInput,
  left: { calls: number; local: number },
): Started[] {
  const order = hedgeTargets(draft, step, first);
  const { chosen } = chooseTarget(step.route, order, draft.world);
  if (chosen === null) {
    emit(draft, { type: 'hedge.skipped', ...subjectOf(first), data: { reason: 'no_target' } });
    return [];
  }
  const { deadlineAtMs, heldUntilMs } = timesOf(draft, step, first.item, chosen, order);
  if (heldUntilMs > input.untilMs) return [{ kind: 'unfit' }];
  const slot = chosen.local ? 'local' : 'calls';
  if (left[slot] <= 0) return [{ kind: 'full', slot }];
  left[slot] -= 1;
  const place = { step: step.id, item: first.item, attempt: nextNumber(draft, first) };
  const { target, index: targetIndex, local } = chosen;
  emit(draft, {
    type: 'attempt.started',
    ...subjectOf(place),
    data: {
      target,
      targetIndex,
      deadlineAtMs,
      local,
      ...allowancePart(draft, step, { item: first.item, target, local }),
      hedgeOf: first.attempt,
    },
  });
  return [{ kind: 'started', key: keyOf(place) }];
}

/**
 * Hands out attempts whose providers may be asked now, also while the job is paused: what is paid for is fetched. A
 * runner that dies over it is not missed; the next one asks when this one's time is up.
 */
function poll(
  draft: Draft,
  { untilMs }: ClaimInput,
  left: { calls: number; local: number },
): Started[] {
  if (draft.state.status === 'cancelling') return [];
  const { nowMs } = draft.world;
  return dueTickets(draft.state, nowMs).map((active): Started => {
    const checkAtMs = Math.min(active.deadlineAtMs, nowMs + POLL_MS);
    if (checkAtMs > untilMs) return { kind: 'unfit' };
    const slot = active.local ? 'local' : 'calls';
    if (left[slot] <= 0) return { kind: 'full', slot };
    left[slot] -= 1;
    emit(draft, { type: 'attempt.polled', ...subjectOf(active), data: { checkAtMs } });
    return { kind: 'started', key: keyOf(active) };
  });
}

function keyOf({ step, item, attempt }: Pick<ActiveAttempt, 'step' | 'item' | 'attempt'>): string {
  return attemptKey(step, item, attempt);
}

/** The fields that say which attempt an event is about. */
function subject({ step, item, next }: Candidate) {
  return subjectOf({ step: step.id, item, attempt: next.attempt });
}

/** Tells which targets were passed over and whether this attempt leaves the target of the one before. */
function recordRoute(
  draft: Draft,
  candidate: Candidate,
  { skipped, chosen }: Choice,
  [first = 0]: readonly number[],
): void {
  for (const { target, reason } of skipped) {
    emit(draft, { type: 'target.skipped', ...subject(candidate), data: { target, reason } });
  }
  const before = previousTarget(draft, candidate, first);
  const { target: to } = chosen ?? { target: null };
  if (before === null || to === null || sameTarget(before.target, to)) return;
  emit(draft, {
    type: 'fallback.taken',
    ...subject(candidate),
    data: { from: before.target, to, because: before.failure ?? skipped[0]?.reason ?? 'route' },
  });
}

/** The target of the attempt before this one, and why it failed; the route's first target before any attempt. */
function previousTarget(
  draft: Draft,
  { step, item }: Candidate,
  first: number,
): { readonly target: Target; readonly failure: string | null } | null {
  const last = attemptsOf(draft, step.id, item).at(-1);
  const target = last === undefined ? targetAt(step.route, first) : last.target;
  if (target === null) return null;
  const failure =
    last === undefined ? null : (last.failure?.class ?? last.declined?.reason ?? last.outcome);
  return { target, failure };
}
