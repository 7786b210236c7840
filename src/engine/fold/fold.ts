import type { ActiveAttempt } from '../../domain/job/attempt.ts';
import type { EventBody, EventType, JobEvent } from '../../domain/job/event.ts';
import {
  isTerminal,
  type JobBirth,
  type JobState,
  type JobStatus,
  type StepState,
} from '../../domain/job/job.ts';
import { NO_COST } from '../../domain/money.ts';
import { foldAttempt } from './fold-attempt.ts';
import { assumeHeld, foldNeeded } from './fold-budget.ts';
import { foldSkipped } from './fold-skipped.ts';
import { addStepCost, mapPhase, UNTOUCHED, withActive, withStep } from './fold-parts.ts';

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

/** The state after an event. */
export function foldEvent(state: JobState, event: JobEvent): JobState {
  const next = { ...state, seq: event.seq };
  const [scope] = event.type.split('.');
  if (scope === 'job') return foldJob(next, event);
  if (scope === 'step' || scope === 'wait') return foldStep(next, event);
  if (event.type === 'budget.exceeded') return foldNeeded(next, event);
  return event.type === 'target.skipped' ? foldSkipped(next, event) : foldAttempt(next, event);
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

function foldStep(state: JobState, event: JobEvent): JobState {
  const { step: id, atMs } = event;
  if (id === undefined) return state;
  switch (event.type) {
    case 'step.queued':
      return withStep(state, id, { queuedAtMs: atMs, phase: queuedPhase(event) });
    case 'step.started':
      return withStep(state, id, { startedAtMs: atMs });
    case 'step.waiting':
      return withoutRunner(state, event);
    case 'wait.started':
      return withStep(state, id, { phase: { status: 'waiting', on: event.data } });
    case 'step.succeeded':
      return withStep(state, id, { finishedAtMs: atMs, phase: succeededPhase(state, id, event) });
    case 'step.failed':
      return withStep(assumeHeld(state, id), id, {
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

type PassedOn = Extract<EventBody<'step.waiting'>['data'], { readonly kind: 'child' }>;

/** From here on the attempt is in the hands of another job, or of its provider. */
function withoutRunner(state: JobState, event: JobEvent<'step.waiting'>): JobState {
  const { data } = event;
  switch (data.kind) {
    case 'child':
      return withActive(state, event, () => childPart(data));
    case 'provider': {
      const { providerJobId, checkAtMs } = data;
      return withActive(state, event, ({ ticket }) => ({
        ticket: { providerJobId, checkAtMs, polls: ticket?.polls ?? 0 },
      }));
    }
    case 'retry_backoff':
      return state;
  }
}

function childPart({ jobId, allowanceNanoUsd }: PassedOn): Partial<ActiveAttempt> {
  return { child: jobId, ...(allowanceNanoUsd === undefined ? {} : { allowanceNanoUsd }) };
}

function queuedPhase(event: EventBody<'step.queued'> & { atMs: number }): StepState['phase'] {
  const { items } = event.data;
  if (items !== undefined)
    return { status: 'mapping', items, cursor: 0, retries: [], succeeded: 0 };
  return { status: 'queued', next: { attempt: 1, notBeforeMs: event.atMs, targetIndex: 0 } };
}

/** At the end nobody knows yet what became of the calls that are still out: they count as unpriced. */
function chargeOpen(state: JobState): JobState {
  const open = Object.values(state.active).filter(({ local }) => !local);
  return open.reduce((charged, { step }) => addStepCost(charged, step, null), state);
}
