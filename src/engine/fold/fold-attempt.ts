import { attemptKey, type ActiveAttempt, type NextAttempt } from '../../domain/job/attempt.ts';
import type { JobEvent } from '../../domain/job/event.ts';
import type { JobState, StepState } from '../../domain/job/job.ts';
import { addCost } from '../../domain/money.ts';
import { assume } from './fold-budget.ts';
import {
  isFruitlessEnd,
  leftToOf,
  recordOf,
  retryOf,
  withLate,
  withRecord,
  withRecovered,
  type EndEvent,
} from './fold-item.ts';
import {
  addStepCost,
  changeCost,
  mapPhase,
  UNTOUCHED,
  withActive,
  withHedge,
  withoutUnknown,
  withStep,
} from './fold-parts.ts';

/** What the events of an attempt do to its job. */

export function foldAttempt(state: JobState, event: JobEvent): JobState {
  if (isFruitlessEnd(event)) return foldEnded(state, event);
  switch (event.type) {
    case 'attempt.started':
      return foldStarted(state, event);
    case 'attempt.polled':
    case 'attempt.called_back':
      return withCheck(state, event);
    case 'attempt.succeeded':
      return event.data.late === undefined ? foldEnded(state, event) : foldRecovered(state, event);
    case 'cost.adjusted':
      return foldAdjusted(state, event);
    case 'hedge.skipped':
      return withHedge(state, placeOf(event, event.attempt ?? 1), undefined);
    default:
      return state;
  }
}

/** An attempt of the step, or the item, that an event is about. */
function placeOf(event: JobEvent, attempt: number) {
  const { step = '', item = null } = event;
  return { step, item, attempt };
}

function withCheck(
  state: JobState,
  event: JobEvent<'attempt.polled' | 'attempt.called_back'>,
): JobState {
  const { checkAtMs } = event.data;
  const more = event.type === 'attempt.polled' ? 1 : 0;
  return withActive(state, event, ({ ticket }) =>
    ticket === undefined ? {} : { ticket: { ...ticket, checkAtMs, polls: ticket.polls + more } },
  );
}

function foldStarted(state: JobState, event: JobEvent<'attempt.started'>): JobState {
  const { step, item = null, attempt = 1, data, atMs } = event;
  if (step === undefined) return state;
  const active: ActiveAttempt = { step, item, attempt, ...data, startedAtMs: atMs };
  const open = { ...state.active, [attemptKey(step, item, attempt)]: active };
  const { hedgeOf } = data;
  const begun = { ...state, active: open };
  const started =
    hedgeOf === undefined ? begun : withHedge(begun, placeOf(event, hedgeOf), undefined);
  const map = mapPhase(state, step);
  if (map === null || item === null)
    return withStep(started, step, { phase: { status: 'running' } });
  return withStep(started, step, {
    phase: {
      ...map,
      cursor: Math.max(map.cursor, item + 1),
      retries: map.retries.filter((retry) => retry.item !== item),
    },
  });
}

function foldEnded(state: JobState, event: EndEvent): JobState {
  const { step: id, item = null, attempt = 1 } = event;
  if (id === undefined) return state;
  const key = attemptKey(id, item, attempt);
  const started = state.active[key];
  if (started === undefined) return state;
  const { [key]: _ended, ...active } = state.active;
  const left = leftToOf(event);
  const rest = { ...state, active };
  const beside =
    left === null ? rest : withHedge(rest, placeOf(event, left.leftTo), left.hedgeAtMs);
  const charged = charge(assume(beside, event, started), id, event, started.local);
  const step = charged.steps[id] ?? UNTOUCHED;
  const attempts =
    item === null ? withRecord(step.attempts, recordOf(started, event)) : step.attempts;
  // The result that makes an attempt needless follows at once.
  const needless = event.type === 'attempt.superseded';
  const isLeft = left !== null;
  const phase = needless || isLeft ? step.phase : phaseAfter(step, event, attempt, item);
  return withStep(charged, id, { attempts, phase });
}

function charge(state: JobState, id: string, event: EndEvent, local: boolean): JobState {
  switch (event.type) {
    case 'attempt.succeeded':
    case 'attempt.failed':
      return addStepCost(state, id, event.data.facts.costNanoUsd);
    case 'attempt.lost':
      return event.data.possibleDuplicateSpend ? addStepCost(state, id, null) : state;
    case 'attempt.superseded':
      return local ? state : addStepCost(state, id, null);
    case 'attempt.declined':
      return state;
  }
}

function nextAfter(event: EndEvent, attempt: number): NextAttempt | null {
  const retry = retryOf(event);
  if (retry === null) return null;
  const { attempt: number = attempt + 1, atMs, targetIndex, heldNanoUsd } = retry;
  const held = heldNanoUsd === undefined ? {} : { heldNanoUsd };
  return { attempt: number, notBeforeMs: atMs, targetIndex, ...held };
}

function phaseAfter(
  step: StepState,
  event: EndEvent,
  attempt: number,
  item: number | null,
): StepState['phase'] {
  const next = nextAfter(event, attempt);
  const { phase } = step;
  if (phase.status === 'mapping' && item !== null) {
    const succeeded = phase.succeeded + (event.type === 'attempt.succeeded' ? 1 : 0);
    const gaveUp = event.type !== 'attempt.succeeded' && next === null;
    return {
      ...phase,
      succeeded,
      retries: next ? [...phase.retries, { ...next, item }] : phase.retries,
      ...(gaveUp ? { failed: (phase.failed ?? 0) + 1 } : {}),
    };
  }
  // Without a retry the step's own event follows at once and says what became of it.
  return next ? { status: 'queued', next } : phase;
}

/** A result of an attempt that had been given up, and whose step was still open. */
function foldRecovered(state: JobState, event: JobEvent<'attempt.succeeded'>): JobState {
  const { step: id, item = null } = event;
  if (id === undefined) return state;
  const step = state.steps[id] ?? UNTOUCHED;
  const { facts } = event.data;
  const map = item === null ? null : mapPhase(state, id);
  const known = withStep(state, id, {
    attempts: item === null ? withRecovered(step.attempts, event) : step.attempts,
    ...(map === null
      ? {}
      : {
          phase: {
            ...map,
            succeeded: map.succeeded + 1,
            retries: map.retries.filter((retry) => retry.item !== item),
          },
        }),
  });
  return changeCost(known, id, (sum) => addCost(withoutUnknown(sum), facts.costNanoUsd));
}

/**
 * A paid result that came too late: charged once, then the attempt's record is complete. An attempt that was
 * still in a runner's hands when the job ended gets its record now.
 */
function foldAdjusted(state: JobState, event: JobEvent<'cost.adjusted'>): JobState {
  const { step: id, item = null, attempt = 1 } = event;
  if (id === undefined) return state;
  const { facts, replacesUnknown } = event.data;
  const step = state.steps[id] ?? UNTOUCHED;
  const { [attemptKey(id, item, attempt)]: started, ...active } = state.active;
  const known = withStep({ ...state, active }, id, {
    attempts: item === null ? withLate(step.attempts, started, event) : step.attempts,
  });
  return changeCost(known, id, (sum) =>
    addCost(replacesUnknown ? withoutUnknown(sum) : sum, facts.costNanoUsd),
  );
}
