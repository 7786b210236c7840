import { isInRunnersHands } from '../domain/job/attempt.ts';
import { isTerminal, type JobState, type StepState } from '../domain/job/job.ts';
import type { Plan, PlannedStep } from './plan/plan.ts';
import { hedgeMoments, missedHedges } from './attempts/hedge-moments.ts';
import { dueTickets, ticketMoments } from './attempts/tickets.ts';

/** When a step has had all its time, over all its attempts. */
export function stepDeadlineAtMs(state: JobState, step: PlannedStep): number {
  const queuedAtMs = state.steps[step.id]?.queuedAtMs ?? null;
  if (queuedAtMs === null || step.stepTimeoutMs === null) return Number.POSITIVE_INFINITY;
  return queuedAtMs + step.stepTimeoutMs;
}

/** When the submitter wants the job to be over or cancelled. */
export function cancelAtMs({ birth: { createdAtMs, cancelAfterMs } }: JobState): number {
  return cancelAfterMs === undefined ? Number.POSITIVE_INFINITY : createdAtMs + cancelAfterMs;
}

/**
 * The next moment at which time alone changes the job: a deadline, or the end of a back-off. Leases and sends
 * are the shard's business. Infinity for a job that is over.
 */
export function nextDueAtMs(state: JobState, plan: Plan, nowMs: number): number {
  if (isTerminal(state.status)) return Number.POSITIVE_INFINITY;
  if (state.status === 'cancelling') return state.birth.deadlineAtMs;
  const moments = [
    state.birth.deadlineAtMs,
    cancelAtMs(state),
    ...ticketMoments(state, nowMs),
    ...hedgeMoments(state, nowMs),
  ];
  if (state.startedAtMs === null) moments.push(state.birth.queueDeadlineAtMs);
  for (const step of plan.steps) {
    const stepState = state.steps[step.id];
    if (stepState === undefined || !isWaiting(stepState)) continue;
    moments.push(
      stepDeadlineAtMs(state, step),
      ...backoffEnds(stepState).filter((ms) => ms > nowMs),
      timerAtMs(stepState),
    );
  }
  return Math.min(...moments);
}

/** A running attempt has the step's deadline for its own, and its lease ends soon after it. */
export function isWaiting({ phase }: StepState): boolean {
  return phase.status === 'queued' || phase.status === 'mapping' || phase.status === 'waiting';
}

/** The end of a wait for a moment: unlike a back-off's it ends something by itself, however late it is met. */
function timerAtMs({ phase }: StepState): number {
  const timed = phase.status === 'waiting' && phase.on.kind === 'timer';
  return timed ? phase.on.untilAtMs : Number.POSITIVE_INFINITY;
}

function backoffEnds({ phase }: StepState): number[] {
  if (phase.status === 'queued') return [phase.next.notBeforeMs];
  return phase.status === 'mapping' ? phase.retries.map((retry) => retry.notBeforeMs) : [];
}

/** How many attempts could start now, or have their provider asked, if a runner came: what wake hints are sent for. */
export function runnableCount(state: JobState, plan: Plan, nowMs: number): number {
  if (isTerminal(state.status) || state.status === 'cancelling') return 0;
  const polls = dueTickets(state, nowMs).length;
  return startsNothing(state) ? polls : polls + startableCount(state, plan, nowMs);
}

function startableCount(state: JobState, plan: Plan, nowMs: number): number {
  let count = missedHedges(state, nowMs);
  for (const step of plan.steps) {
    const phase = state.steps[step.id]?.phase;
    if (phase?.status === 'queued' && phase.next.notBeforeMs <= nowMs) count += 1;
    if (phase?.status === 'mapping') {
      const due = phase.retries.filter((retry) => retry.notBeforeMs <= nowMs).length;
      count += due + Math.min(phase.items - phase.cursor, mapRoom(state, step));
    }
  }
  return count;
}

/** True while no attempt may start. */
export function startsNothing({ status }: JobState): boolean {
  return status === 'cancelling' || status === 'paused';
}

/** True when nothing but a moment, an event, a provider or a child job can move a job. */
export function isIdle({ active, steps }: JobState): boolean {
  if (Object.values(active).some(isInRunnersHands)) return false;
  const phases = Object.values(steps).map(({ phase }) => phase);
  const held = Object.keys(active).length > 0;
  const waits = held || phases.some(({ status }) => status === 'waiting');
  return waits && !phases.some((phase) => phase.status === 'queued' || hasMore(phase));
}

/** A map has more to do than what its children and its providers do. */
function hasMore(phase: StepState['phase']): boolean {
  return phase.status === 'mapping' && (phase.retries.length > 0 || phase.cursor < phase.items);
}

/** The items of a map that have an open attempt: one that has two counts once. */
export function itemsUnderWay({ active }: JobState, step: string): number {
  const held = Object.values(active).filter((attempt) => attempt.step === step);
  return new Set(held.map(({ item }) => item)).size;
}

/** How many more items of a map may be in progress; an item in back-off is. */
export function mapRoom(state: JobState, step: PlannedStep): number {
  const phase = state.steps[step.id]?.phase;
  if (phase?.status !== 'mapping') return 0;
  const running = itemsUnderWay(state, step.id);
  const limit = step.forEach?.maxConcurrency ?? 1;
  return Math.max(0, limit - running - phase.retries.length);
}
