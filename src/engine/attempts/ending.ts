import type {
  ActiveAttempt,
  AttemptFacts,
  AttemptRecord,
  StopReason,
} from '../../domain/job/attempt.ts';
import type { Continuation } from '../../domain/job/event.ts';
import { isMisfit, type Failure } from '../../domain/job/failure.ts';
import type { StoredValue } from '../../domain/job/stored-value.ts';
import { retryAfter } from './beside.ts';
import { attemptsOf, emit, stepOf, subjectOf, type Draft } from '../draft.ts';
import { leftToOther } from './hedge.ts';
import { stepDeadlineAtMs } from '../due.ts';
import { failStep } from '../failing.ts';
import type { PlannedStep } from '../plan/plan.ts';
import { maySpendTwice, nextMove, reAsks, type NextMove, type RetrySituation } from './retry.ts';
import { orderOf, targetAt } from '../routes/routing.ts';
import { asksFirst } from './tickets.ts';

/** What follows the end of an attempt: for its step, its map, and the attempts after it. */

type Failed = {
  readonly failure: Failure;
  readonly facts: AttemptFacts;
  readonly abandoned?: true;
};

export function failAttempt(
  draft: Draft,
  step: PlannedStep,
  active: ActiveAttempt,
  { failure, facts, abandoned }: Failed,
): void {
  const known = { facts, failure, ...(abandoned === undefined ? {} : { abandoned }) };
  const left = leftToOther(draft, step, active, !isMisfit(failure));
  if (left !== null) {
    emit(draft, { type: 'attempt.failed', ...subjectOf(active), data: { ...known, ...left } });
    return;
  }
  const { move, spendsTwice } = moveAfter(draft, step, active, failure, facts);
  emit(draft, {
    type: 'attempt.failed',
    ...subjectOf(active),
    data: {
      ...known,
      ...(spendsTwice ? { possibleDuplicateSpend: true } : {}),
      ...continuation(draft, active, move),
    },
  });
  followUp(draft, step, active, failure, move);
}

export function recordUnknownCost(
  draft: Draft,
  active: Pick<ActiveAttempt, 'step' | 'item' | 'attempt' | 'target'>,
  facts: AttemptFacts,
): void {
  if (facts.costNanoUsd !== null || active.target === null) return;
  emit(draft, { type: 'cost.unknown', ...subjectOf(active), data: { target: active.target } });
}

/** A target that was passed over because its model cannot serve the call. */
export function recordMisfit(draft: Draft, active: ActiveAttempt, failure: Failure): void {
  if (!isMisfit(failure) || active.target === null) return;
  emit(draft, {
    type: 'target.skipped',
    ...subjectOf(active),
    data: { target: active.target, reason: failure.message },
  });
}

export function recordCheck(draft: Draft, active: ActiveAttempt, failure: Failure): void {
  if (failure.class !== 'output_invalid') return;
  emit(draft, {
    type: 'check.failed',
    ...subjectOf(active),
    data: { violations: failure.violations ?? [] },
  });
}

export function moveAfter(
  draft: Draft,
  step: PlannedStep,
  active: ActiveAttempt,
  failure: Failure,
  facts: AttemptFacts | null,
): { readonly move: NextMove; readonly spendsTwice: boolean } {
  const stepIsOver = ['failed', 'succeeded'].includes(stepOf(draft, step.id).phase.status);
  if (draft.state.status === 'cancelling' || stepIsOver)
    return { move: { kind: 'stop', reason: 'cancelled' }, spendsTwice: false };
  const { nowMs } = draft.world;
  const ended: AttemptRecord = {
    ...active,
    finishedAtMs: nowMs,
    outcome: facts === null ? 'lost' : 'failed',
    failure,
  };
  const situation: RetrySituation = {
    step,
    failure,
    attempts: [...attemptsOf(draft, active.step, active.item), ended],
    targetIndex: active.targetIndex,
    order: orderAround(draft, step, active),
    canServe: (index) =>
      canServe(draft, step, index) &&
      (failure.class !== 'context_length' || isRoomier(draft, step, index, active)),
    nowMs,
    deadlineAtMs: Math.min(draft.state.birth.deadlineAtMs, stepDeadlineAtMs(draft.state, step)),
    jitter: draft.world.random(),
    local: active.local,
    asksFirst:
      active.target !== null &&
      asksFirst(step, active.targetIndex, draft.world.target(active.target)),
  };
  const move = nextMove(situation);
  return { move, spendsTwice: maySpendTwice(situation, move) };
}

/** What can be told of the order once an attempt has been made; the attempt's own target is always in it. */
function orderAround(draft: Draft, step: PlannedStep, active: ActiveAttempt): readonly number[] {
  const order = orderOf(step, active.item, draft.state, draft.world);
  const known = order.ok ? order.indexes : [];
  return known.includes(active.targetIndex) ? known : [active.targetIndex, ...known];
}

function canServe(draft: Draft, { route }: PlannedStep, index: number): boolean {
  const target = targetAt(route, index);
  return target !== null && draft.world.target(target).usable;
}

/** False for a target that is known to take no longer text than the one to which it was too long. */
function isRoomier(
  { world }: Draft,
  { route }: PlannedStep,
  index: number,
  active: ActiveAttempt,
): boolean {
  const windowOf = (place: number): number | null => {
    const target = targetAt(route, place);
    const view = target === null ? null : world.target(target);
    return view?.usable === true ? (view.contextTokens ?? null) : null;
  };
  const [there, here] = [windowOf(index), windowOf(active.targetIndex)];
  return there === null || here === null || there > here;
}

export function continuation(draft: Draft, active: ActiveAttempt, move: NextMove): Continuation {
  if (move.kind === 'stop') return { stopped: move.reason };
  const { atMs, targetIndex } = move;
  return { retry: retryAfter(draft, active, { atMs, targetIndex }) };
}

export function finishStep(
  draft: Draft,
  { step, item }: Pick<ActiveAttempt, 'step' | 'item'>,
  output: StoredValue,
): void {
  if (item === null) {
    emit(draft, { type: 'step.succeeded', step, data: { output } });
    return;
  }
  finishMap(draft, step);
}

/** Ends a map when all its items have ended and one of them has a result. */
function finishMap(draft: Draft, step: string): void {
  const { phase } = stepOf(draft, step);
  if (phase.status !== 'mapping') return;
  const failed = phase.failed ?? 0;
  if (phase.succeeded === 0 || phase.succeeded + failed < phase.items) return;
  const itemsFailed = failed > 0 ? { itemsFailed: failed } : {};
  emit(draft, { type: 'step.succeeded', step, data: { output: null, ...itemsFailed } });
}

export function followUp(
  draft: Draft,
  step: PlannedStep,
  active: ActiveAttempt,
  failure: Failure,
  move: NextMove,
): void {
  if (move.kind === 'stop') {
    if (move.reason === 'cancelled') return;
    giveUp(draft, step, active, failure, move.reason);
    return;
  }
  if (failure.class === 'output_invalid' && move.targetIndex === active.targetIndex) {
    const asked = reAsks(attemptsOf(draft, active.step, active.item));
    emit(draft, { type: 'output.re_asked', ...subjectOf(active), data: { reAsks: asked } });
  } else if (move.atMs > draft.world.nowMs && active.item === null) {
    emit(draft, {
      type: 'step.waiting',
      step: step.id,
      data: { kind: 'retry_backoff', untilAtMs: move.atMs },
    });
  }
}

/** No attempt follows: the end of the step, or only of an item that the map goes on without. */
function giveUp(
  draft: Draft,
  step: PlannedStep,
  { item }: ActiveAttempt,
  failure: Failure,
  reason: StopReason,
): void {
  const { phase } = stepOf(draft, step.id);
  const goesOn = step.keepsGoing && phase.status === 'mapping';
  if (goesOn && (phase.failed ?? 0) < phase.items) finishMap(draft, step.id);
  else failStep(draft, step, itemNamed(failure, item), reason);
}

/** The step's failure says which item it was. */
function itemNamed(failure: Failure, item: number | null): Failure {
  return item === null ? failure : { ...failure, message: `item ${item}: ${failure.message}` };
}
