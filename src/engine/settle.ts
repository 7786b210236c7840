import {
  attemptKey,
  type ActiveAttempt,
  type AttemptFacts,
  type AttemptRecord,
  type StopReason,
} from '../domain/attempt.ts';
import type { Continuation } from '../domain/event.ts';
import type { Failure } from '../domain/failure.ts';
import type { JobId } from '../domain/ids.ts';
import type { StoredValue } from '../domain/stored-value.ts';
import { failStep } from './failing.ts';
import { stepDeadlineAtMs } from './due.ts';
import { attemptsOf, emit, isOver, stepOf, type Draft } from './draft.ts';
import type { PlannedStep } from './plan.ts';
import { nextMove, reAsks, type NextMove } from './retry.ts';

/** What became of an attempt, as its runner reports it. */
export type Settlement = {
  readonly step: string;
  readonly item: number | null;
  readonly attempt: number;
  readonly facts: AttemptFacts;
  readonly outcome:
    | { readonly ok: true; readonly output: StoredValue }
    /** The attempt goes on in a job of its own; that job reports its end. */
    | { readonly ok: 'pending'; readonly child: JobId }
    | { readonly ok: false; readonly failure: Failure };
};

/** What the shard does with a settlement: keep its payload, or drop it. */
export type Settled = 'used' | 'late' | 'repeated';

/** Records an attempt's end. A report for an attempt that is not open changes nothing but the cost. */
export function settle(draft: Draft, settlement: Settlement): Settled {
  const { step: id, item, attempt } = settlement;
  const active = draft.state.active[attemptKey(id, item, attempt)];
  const step = draft.plan.byId.get(id);
  if (active === undefined || step === undefined || isOver(draft)) {
    return chargeLate(draft, settlement, active);
  }
  const subject = subjectOf(active);
  if (settlement.outcome.ok === 'pending') {
    if (active.child !== undefined) return 'repeated';
    const { child } = settlement.outcome;
    emit(draft, { type: 'step.waiting', ...subject, data: { kind: 'child', jobId: child } });
    return 'used';
  }
  recordUnknownCost(draft, active, settlement.facts);
  if (settlement.outcome.ok) {
    const { output } = settlement.outcome;
    emit(draft, {
      type: 'attempt.succeeded',
      ...subject,
      data: { facts: settlement.facts, output },
    });
    finishStep(draft, active, output);
  } else {
    const { failure } = settlement.outcome;
    recordCheck(draft, active, failure);
    const move = moveAfter(draft, step, active, failure, settlement.facts);
    emit(draft, {
      type: 'attempt.failed',
      ...subject,
      data: { facts: settlement.facts, failure, ...continuation(move) },
    });
    followUp(draft, step, active, failure, move);
  }
  return 'used';
}

const RUNNER_GONE: Failure = {
  class: 'lost',
  phase: 'unknown',
  message: 'the runner that held this attempt stopped answering',
};

const CHILD_LATE: Failure = {
  class: 'timeout',
  phase: 'accepted',
  message: 'the child job had not ended when the time of this attempt was up',
};

/** The runner of an attempt is gone: nobody knows what became of the call. */
export function lose(draft: Draft, active: ActiveAttempt): void {
  const step = draft.plan.byId.get(active.step);
  const key = attemptKey(active.step, active.item, active.attempt);
  if (step === undefined || isOver(draft) || draft.state.active[key] === undefined) return;
  const failure = active.child === undefined ? RUNNER_GONE : CHILD_LATE;
  const move = moveAfter(draft, step, active, failure, null);
  emit(draft, {
    type: 'attempt.lost',
    ...subjectOf(active),
    data: { possibleDuplicateSpend: !active.local, ...continuation(move) },
  });
  followUp(draft, step, active, failure, move);
}

function subjectOf({ step, item, attempt }: ActiveAttempt) {
  return { step, ...(item === null ? {} : { item }), attempt };
}

/** A call that came back after it was given up, or after the job ended: its cost counts, once. */
function chargeLate(
  draft: Draft,
  { step, item, attempt, facts, outcome }: Settlement,
  active: ActiveAttempt | undefined,
): Settled {
  const record = attemptsOf(draft, step, item).find((known) => known.attempt === attempt);
  const open = active !== undefined || isUnaccounted(record);
  if (!open) return 'repeated';
  const replacesUnknown = countsAsUnpriced(active, record);
  // A child that has ended is not open any more, whatever it cost.
  const closes = replacesUnknown || active?.child !== undefined;
  if (outcome.ok === 'pending' || (facts.costNanoUsd === 0 && !closes)) return 'late';
  emit(draft, {
    type: 'cost.adjusted',
    step,
    ...(item === null ? {} : { item }),
    attempt,
    data: { facts, replacesUnknown },
  });
  return 'late';
}

/** True when the call counts as unpriced until now. */
function countsAsUnpriced(
  active: ActiveAttempt | undefined,
  record: AttemptRecord | undefined,
): boolean {
  return active === undefined ? record?.unpriced === true : !active.local;
}

function isUnaccounted(record: AttemptRecord | undefined): boolean {
  return record?.outcome === 'lost' && record.facts === undefined;
}

function recordUnknownCost(draft: Draft, active: ActiveAttempt, facts: AttemptFacts): void {
  if (facts.costNanoUsd !== null || active.target === null) return;
  emit(draft, { type: 'cost.unknown', ...subjectOf(active), data: { target: active.target } });
}

function recordCheck(draft: Draft, active: ActiveAttempt, failure: Failure): void {
  if (failure.class !== 'output_invalid') return;
  emit(draft, {
    type: 'check.failed',
    ...subjectOf(active),
    data: { violations: failure.violations ?? [] },
  });
}

function moveAfter(
  draft: Draft,
  step: PlannedStep,
  active: ActiveAttempt,
  failure: Failure,
  facts: AttemptFacts | null,
): NextMove {
  const stepIsOver = ['failed', 'succeeded'].includes(stepOf(draft, step.id).phase.status);
  if (draft.state.status === 'cancelling' || stepIsOver)
    return { kind: 'stop', reason: 'cancelled' };
  const { nowMs } = draft.world;
  const ended: AttemptRecord = {
    ...active,
    finishedAtMs: nowMs,
    outcome: facts === null ? 'lost' : 'failed',
    failure,
  };
  return nextMove({
    step,
    failure,
    attempts: [...attemptsOf(draft, active.step, active.item), ended],
    targetIndex: active.targetIndex,
    canServe: (index) => canServe(draft, step, index),
    nowMs,
    deadlineAtMs: Math.min(draft.state.birth.deadlineAtMs, stepDeadlineAtMs(draft.state, step)),
    jitter: draft.world.random(),
  });
}

function canServe(draft: Draft, { route }: PlannedStep, index: number): boolean {
  const target = route?.targets[index];
  return target !== undefined && draft.world.target(target).usable;
}

function continuation(move: NextMove): Continuation {
  return move.kind === 'retry'
    ? { retry: { atMs: move.atMs, targetIndex: move.targetIndex } }
    : { stopped: move.reason };
}

function finishStep(draft: Draft, { step, item }: ActiveAttempt, output: StoredValue): void {
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

function followUp(
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
