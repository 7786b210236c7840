import { isInRunnersHands, type Declined, type Target } from '../../../domain/job/attempt.ts';
import { isBudgetReason } from '../../../domain/budget.ts';
import { isTerminal, type JobState } from '../../../domain/job/job.ts';
import { runnableCount, stepDeadlineAtMs } from '../../../engine/due.ts';
import type { Plan, PlannedStep } from '../../../engine/plan/plan.ts';
import type { WaitingOn } from '../../../services/ports/job-shard/snapshot.ts';
import type { Book } from '../book.ts';
import { lacksSlot } from '../flow.ts';

type Job = { readonly state: JobState; readonly book: Book };

/** Why nothing moves; null while an attempt is being worked on, while the job is paused, or when it is over. */
export function waitingOn(job: Job, plan: Plan, nowMs: number): WaitingOn | null {
  const { state } = job;
  const { status, active } = state;
  if (isTerminal(status) || status === 'paused') return null;
  if (Object.values(active).some(isInRunnersHands)) return null;
  if (lacksSlot(job, plan)) {
    return { kind: 'concurrency', key: state.birth.flow?.key ?? null, untilAtMs: null };
  }
  if (runnableCount(state, plan, nowMs) > 0) return { kind: 'runner', key: null, untilAtMs: null };
  const waits = [...plan.steps.flatMap((step) => stepWaits(state, step)), ...otherWaits(state)];
  const [first] = waits.toSorted((left, right) => untilOf(left) - untilOf(right));
  return first ?? null;
}

function untilOf({ untilAtMs }: WaitingOn): number {
  return untilAtMs ?? Number.POSITIVE_INFINITY;
}

/** What a pause before the next attempt is for. The attempts of a map's items are not looked through. */
function pauseOf({ steps }: JobState, step: string): Pick<WaitingOn, 'kind' | 'key'> {
  const last = steps[step]?.attempts.at(-1);
  if (last?.declined !== undefined) return declinedWait(last.declined, last.target, step);
  const kind = last?.failure?.class === 'rate_limited' ? 'rate_limit' : 'retry_backoff';
  return { kind, key: step };
}

function declinedWait(
  { reason, budget }: Declined,
  target: Target | null,
  step: string,
): Pick<WaitingOn, 'kind' | 'key'> {
  if (isBudgetReason(reason)) return { kind: 'budget', key: budget ?? null };
  return DOWN.has(reason)
    ? { kind: 'provider', key: target?.provider ?? null }
    : { kind: 'rate_limit', key: step };
}

/** Reasons that say that the target cannot be had, not that it had too much. */
const DOWN: ReadonlySet<Declined['reason']> = new Set(['circuit_open', 'held', 'not_taken']);

function stepWaits(state: JobState, planned: PlannedStep): WaitingOn[] {
  const step = planned.id;
  const phase = state.steps[step]?.phase;
  switch (phase?.status) {
    case 'queued':
      return [{ ...pauseOf(state, step), untilAtMs: phase.next.notBeforeMs }];
    case 'mapping':
      return phase.retries.map(({ notBeforeMs }) => ({
        kind: 'retry_backoff',
        key: step,
        untilAtMs: notBeforeMs,
      }));
    case 'waiting':
      return phase.on.kind === 'timer'
        ? [{ kind: 'timer', key: step, untilAtMs: phase.on.untilAtMs }]
        : [{ kind: 'event', key: phase.on.name, untilAtMs: deadlineOf(state, planned) }];
    default:
      return [];
  }
}

/** When a step fails for want of what it waits for; null when only the job's own deadline ends it. */
function deadlineOf(state: JobState, step: PlannedStep): number | null {
  const deadlineAtMs = stepDeadlineAtMs(state, step);
  return Number.isFinite(deadlineAtMs) ? deadlineAtMs : null;
}

/** What other jobs and providers do. */
function otherWaits({ active }: JobState): WaitingOn[] {
  return Object.values(active).flatMap(({ child, ticket, target }): WaitingOn[] => {
    if (child !== undefined) return [{ kind: 'child', key: child, untilAtMs: null }];
    if (ticket === undefined) return [];
    const key = target?.provider ?? null;
    return [{ kind: 'provider', key, untilAtMs: ticket.checkAtMs }];
  });
}
