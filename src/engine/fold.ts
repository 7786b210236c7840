import { attemptKey, type ActiveAttempt, type AttemptRecord } from '../domain/attempt.ts';
import type { Continuation, EventBody, EventType, JobEvent } from '../domain/event.ts';
import {
  isTerminal,
  type ItemState,
  type JobBirth,
  type JobState,
  type JobStatus,
  type MapPhase,
  type StepState,
} from '../domain/job.ts';
import { addCost, NO_COST, type CostSum } from '../domain/money.ts';

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

const UNTOUCHED_ITEM: ItemState = { status: 'open', attempts: [], output: null };

/** The state after an event. */
export function foldEvent(state: JobState, event: JobEvent): JobState {
  const next = { ...state, seq: event.seq };
  const [scope] = event.type.split('.');
  if (scope === 'job') return foldJob(next, event);
  if (scope === 'step') return foldStep(next, event);
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
  return event.type === 'job.cancelling' ? { ...next, cancelledBy: event.data.by } : next;
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
    case 'step.succeeded': {
      const items = mapPhase(state, id)?.items;
      return withStep(state, id, {
        finishedAtMs: atMs,
        phase: {
          status: 'succeeded',
          output: event.data.output,
          ...(items === undefined ? {} : { items }),
        },
      });
    }
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

type EndEvent = JobEvent<'attempt.succeeded' | 'attempt.failed' | 'attempt.lost'>;

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
    return {
      ...phase,
      succeeded,
      retries: next ? [...phase.retries, { ...next, item }] : phase.retries,
    };
  }
  // Without a retry the step's own event follows at once and says what became of it.
  return next ? { status: 'queued', next } : phase;
}

/** The attempt that an event says will follow; null when none does. */
function retryOf(event: EndEvent): { atMs: number; targetIndex: number } | null {
  if (event.type === 'attempt.succeeded') return null;
  const continuation: Continuation = event.data;
  return 'retry' in continuation ? continuation.retry : null;
}

function recordOf(
  started: ActiveAttempt,
  event: EndEvent | JobEvent<'cost.adjusted'>,
): AttemptRecord {
  const { attempt, target, targetIndex, startedAtMs } = started;
  const base = { attempt, target, targetIndex, startedAtMs, finishedAtMs: event.atMs };
  switch (event.type) {
    case 'attempt.succeeded':
      return { ...base, outcome: 'succeeded', facts: event.data.facts };
    case 'attempt.failed':
      return { ...base, outcome: 'failed', failure: event.data.failure, facts: event.data.facts };
    case 'attempt.lost':
      return { ...base, outcome: 'lost', ...(started.local ? {} : { unpriced: true }) };
    case 'cost.adjusted':
      return { ...base, outcome: 'lost', facts: event.data.facts };
  }
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

function withLate(
  attempts: readonly AttemptRecord[],
  started: ActiveAttempt | undefined,
  event: JobEvent<'cost.adjusted'>,
): readonly AttemptRecord[] {
  const { attempt, data } = event;
  if (started !== undefined) return [...attempts, recordOf(started, event)];
  return attempts.map(({ unpriced, ...record }) => {
    if (record.attempt === attempt) return { ...record, facts: data.facts };
    return { ...record, ...(unpriced === undefined ? {} : { unpriced }) };
  });
}

/** The item after an event about it; `started` is the attempt as it stood before the event. */
export function foldItem(
  item: ItemState | undefined,
  event: JobEvent,
  started: ActiveAttempt | undefined,
): ItemState {
  const before = item ?? UNTOUCHED_ITEM;
  switch (event.type) {
    case 'attempt.succeeded':
      return {
        status: 'succeeded',
        attempts: started ? [...before.attempts, recordOf(started, event)] : before.attempts,
        output: event.data.output,
      };
    case 'attempt.failed':
    case 'attempt.lost':
      return {
        ...before,
        status: retryOf(event) === null ? 'failed' : 'open',
        attempts: started ? [...before.attempts, recordOf(started, event)] : before.attempts,
      };
    case 'cost.adjusted':
      return { ...before, attempts: withLate(before.attempts, started, event) };
    default:
      return before;
  }
}
