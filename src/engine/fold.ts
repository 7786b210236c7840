import { attemptKey, type ActiveAttempt } from '../domain/attempt.ts';
import type { EventBody, EventType, JobEvent } from '../domain/event.ts';
import {
  isTerminal,
  type JobBirth,
  type JobState,
  type JobStatus,
  type MapPhase,
  type StepState,
} from '../domain/job.ts';
import type { JobId } from '../domain/ids.ts';
import { addCost, NO_COST, type CostSum } from '../domain/money.ts';
import { recordOf, retryOf, withLate, type EndEvent } from './fold-item.ts';

/**
 * What an event does to a job. `decide` changes state only by emitting events through here, so replaying a
 * job's events yields its stored state (E9). No event here asks why: that was `decide`'s business.
 */

/** A job's state before its first event. */
export function unbornState(birth: JobBirth, stepIds: readonly string[]): JobState {
  return {
    v: 1,
    birth,
    status: 'queued',
    seq: 0,
    startedAtMs: null,
    finishedAtMs: null,
    reason: null,
    steps: Object.fromEntries(stepIds.map((id) => [id, UNTOUCHED])),
    active: {},
    cost: NO_COST,
  };
}

const UNTOUCHED: StepState = {
  phase: { status: 'pending' },
  queuedAtMs: null,
  startedAtMs: null,
  finishedAtMs: null,
  attempts: [],
  cost: NO_COST,
};

/** The state after an event. */
export function foldEvent(state: JobState, event: JobEvent): JobState {
  const next = { ...state, seq: event.seq };
  const [scope] = event.type.split('.');
  if (scope === 'job') return foldJob(next, event);
  if (scope === 'step' || scope === 'wait') return foldStep(next, event);
  return foldAttempt(next, event);
}

function foldJob(state: JobState, event: JobEvent): JobState {
  const status = jobStatusAfter(event);
  if (status === null) return state;
  const next: JobState = {
    ...(isTerminal(status) ? chargeOpen(state) : state),
    status,
    reason: reasonAfter(event) ?? state.reason,
    startedAtMs: event.type === 'job.started' ? event.atMs : state.startedAtMs,
    finishedAtMs: isTerminal(status) ? event.atMs : state.finishedAtMs,
  };
  if (event.type === 'job.cancelling') return { ...next, cancelledBy: event.data.by };
  // A pause may have come before the start.
  const unstarted = event.type === 'job.resumed' && state.startedAtMs === null;
  return unstarted ? { ...next, status: 'queued' } : next;
}

function reasonAfter(event: JobEvent): JobState['reason'] {
  switch (event.type) {
    case 'job.failed':
      return { code: event.data.code, message: event.data.message };
    case 'job.cancelling':
    case 'job.cancelled':
      return { code: 'cancelled', message: `cancelled by ${event.data.by}` };
    default:
      return null;
  }
}

const STATUS_AFTER: { readonly [Type in EventType]?: JobStatus } = {
  'job.started': 'running',
  'job.waiting': 'waiting',
  'job.paused': 'paused',
  'job.resumed': 'running',
  'job.cancelling': 'cancelling',
  'job.succeeded': 'succeeded',
  'job.partially_succeeded': 'partially_succeeded',
  'job.failed': 'failed',
  'job.cancelled': 'cancelled',
  'job.expired': 'expired',
  'job.timed_out': 'timed_out',
};

function jobStatusAfter(event: JobEvent): JobStatus | null {
  return STATUS_AFTER[event.type] ?? null;
}

function withStep(state: JobState, id: string, change: Partial<StepState>): JobState {
  const step = state.steps[id] ?? UNTOUCHED;
  return { ...state, steps: { ...state.steps, [id]: { ...step, ...change } } };
}

function foldStep(state: JobState, event: JobEvent): JobState {
  const { step: id, atMs } = event;
  if (id === undefined) return state;
  switch (event.type) {
    case 'step.queued':
      return withStep(state, id, { queuedAtMs: atMs, phase: queuedPhase(event) });
    case 'step.started':
      return withStep(state, id, { startedAtMs: atMs });
    case 'step.waiting':
      return event.data.kind === 'child' ? withChild(state, event, event.data.jobId) : state;
    case 'wait.started':
      return withStep(state, id, { phase: { status: 'waiting', on: event.data } });
    case 'step.succeeded':
      return withStep(state, id, { finishedAtMs: atMs, phase: succeededPhase(state, id, event) });
    case 'step.failed':
      return withStep(state, id, {
        finishedAtMs: atMs,
        phase: { status: 'failed', ...event.data },
      });
    case 'step.skipped':
      return withStep(state, id, {
        finishedAtMs: atMs,
        phase: { status: 'skipped', ...event.data },
      });
    default:
      return state;
  }
}

function succeededPhase(
  state: JobState,
  id: string,
  { data: { output, itemsFailed, reused } }: EventBody<'step.succeeded'>,
): StepState['phase'] {
  const items = mapPhase(state, id)?.items;
  return {
    status: 'succeeded',
    output,
    ...(items === undefined ? {} : { items }),
    ...(itemsFailed === undefined ? {} : { itemsFailed }),
    ...(reused === undefined ? {} : { reused }),
  };
}

/** From here on the attempt is in the hands of another job, not of a runner. */
function withChild(state: JobState, event: JobEvent, child: JobId): JobState {
  const key = attemptKey(event.step ?? '', event.item ?? null, event.attempt ?? 1);
  const active = state.active[key];
  if (active === undefined) return state;
  return { ...state, active: { ...state.active, [key]: { ...active, child } } };
}

function queuedPhase(event: EventBody<'step.queued'> & { atMs: number }): StepState['phase'] {
  const { items } = event.data;
  if (items !== undefined)
    return { status: 'mapping', items, cursor: 0, retries: [], succeeded: 0 };
  return { status: 'queued', next: { attempt: 1, notBeforeMs: event.atMs, targetIndex: 0 } };
}

function mapPhase(state: JobState, id: string): MapPhase | null {
  const phase = state.steps[id]?.phase;
  return phase?.status === 'mapping' ? phase : null;
}

function foldAttempt(state: JobState, event: JobEvent): JobState {
  switch (event.type) {
    case 'attempt.started':
      return foldStarted(state, event);
    case 'attempt.succeeded':
    case 'attempt.failed':
    case 'attempt.lost':
      return foldEnded(state, event);
    case 'cost.adjusted':
      return foldAdjusted(state, event);
    default:
      return state;
  }
}

function foldStarted(state: JobState, event: JobEvent<'attempt.started'>): JobState {
  const { step, item = null, attempt = 1, data, atMs } = event;
  if (step === undefined) return state;
  const active: ActiveAttempt = { step, item, attempt, ...data, startedAtMs: atMs };
  const started = {
    ...state,
    active: { ...state.active, [attemptKey(step, item, attempt)]: active },
  };
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
  const charged = charge({ ...state, active }, id, event);
  const step = charged.steps[id] ?? UNTOUCHED;
  const attempts = item === null ? [...step.attempts, recordOf(started, event)] : step.attempts;
  return withStep(charged, id, { attempts, phase: phaseAfter(step, event, attempt, item) });
}

function charge(state: JobState, id: string, event: EndEvent): JobState {
  if (event.type !== 'attempt.lost') return addStepCost(state, id, event.data.facts.costNanoUsd);
  return event.data.possibleDuplicateSpend ? addStepCost(state, id, null) : state;
}

function addStepCost(state: JobState, id: string, costNanoUsd: number | null): JobState {
  return changeCost(state, id, (sum) => addCost(sum, costNanoUsd));
}

/** Changes the cost of a step, and with it that of the job. */
function changeCost(state: JobState, id: string, change: (sum: CostSum) => CostSum): JobState {
  const step = state.steps[id] ?? UNTOUCHED;
  return { ...withStep(state, id, { cost: change(step.cost) }), cost: change(state.cost) };
}

/** At the end nobody knows yet what became of the calls that are still out: they count as unpriced. */
function chargeOpen(state: JobState): JobState {
  const open = Object.values(state.active).filter(({ local }) => !local);
  return open.reduce((charged, { step }) => addStepCost(charged, step, null), state);
}

function phaseAfter(
  step: StepState,
  event: EndEvent,
  attempt: number,
  item: number | null,
): StepState['phase'] {
  const retry = retryOf(event);
  const next = retry && {
    attempt: attempt + 1,
    notBeforeMs: retry.atMs,
    targetIndex: retry.targetIndex,
  };
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

function withoutUnknown(sum: CostSum): CostSum {
  return { ...sum, unpricedAttempts: Math.max(0, sum.unpricedAttempts - 1) };
}
