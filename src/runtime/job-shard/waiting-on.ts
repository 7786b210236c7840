import { isTerminal, type JobState, type StepState } from '../../domain/job.ts';
import { runnableCount } from '../../engine/due.ts';
import type { Plan } from '../../engine/plan.ts';
import type { WaitingOn } from '../../services/ports/job-shard.ts';
import type { Book } from './book.ts';
import { lacksSlot } from './flow.ts';

type Job = { readonly state: JobState; readonly book: Book };

/** Why nothing moves; null while an attempt is being worked on, while the job is paused, or when it is over. */
export function waitingOn(job: Job, plan: Plan, nowMs: number): WaitingOn | null {
  const { state } = job;
  const { status, active } = state;
  if (isTerminal(status) || status === 'paused') return null;
  if (Object.values(active).some(({ child }) => child === undefined)) return null;
  if (lacksSlot(job, plan)) {
    return { kind: 'concurrency', key: state.birth.flow?.key ?? null, untilAtMs: null };
  }
  if (runnableCount(state, plan, nowMs) > 0) return { kind: 'runner', key: null, untilAtMs: null };
  const waits = [...Object.entries(state.steps).flatMap(stepWaits), ...childWaits(state)];
  const [first] = waits.toSorted((left, right) => untilOf(left) - untilOf(right));
  return first ?? null;
}

function untilOf({ untilAtMs }: WaitingOn): number {
  return untilAtMs ?? Number.POSITIVE_INFINITY;
}

function stepWaits([step, { phase }]: [string, StepState]): WaitingOn[] {
  switch (phase.status) {
    case 'queued':
      return [{ kind: 'retry_backoff', key: step, untilAtMs: phase.next.notBeforeMs }];
    case 'mapping':
      return phase.retries.map(({ notBeforeMs }) => ({
        kind: 'retry_backoff',
        key: step,
        untilAtMs: notBeforeMs,
      }));
    case 'waiting':
      return phase.on.kind === 'timer'
        ? [{ kind: 'timer', key: step, untilAtMs: phase.on.untilAtMs }]
        : [{ kind: 'event', key: phase.on.name, untilAtMs: null }];
    default:
      return [];
  }
}

function childWaits({ active }: JobState): WaitingOn[] {
  return Object.values(active).flatMap(({ child }) =>
    child === undefined ? [] : [{ kind: 'child' as const, key: child, untilAtMs: null }],
  );
}
