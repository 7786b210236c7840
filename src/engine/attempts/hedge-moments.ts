import type { ActiveAttempt } from '../../domain/job/attempt.ts';
import type { JobState } from '../../domain/job/job.ts';

/** When attempts that take long get a second target beside them. */

/**
 * The runner of the first attempt comes for the second one by itself, to the moment. Should it have died, another one is
 * called after this long: well before the first attempt counts as lost.
 */
const CALL_AFTER_MS = 3_000;

/** Attempts beside which a second target may be asked now. */
export function dueHedges(state: JobState, nowMs: number): ActiveAttempt[] {
  return waiting(state).filter(
    ({ hedgeAtMs, deadlineAtMs }) => hedgeAtMs <= nowMs && nowMs < deadlineAtMs,
  );
}

/** How many of them nobody has come for. */
export function missedHedges(state: JobState, nowMs: number): number {
  return dueHedges(state, nowMs - CALL_AFTER_MS).filter(({ deadlineAtMs }) => nowMs < deadlineAtMs)
    .length;
}

/** The moments to come at which somebody is called for them. */
export function hedgeMoments(state: JobState, nowMs: number): number[] {
  return waiting(state)
    .map(({ hedgeAtMs }) => hedgeAtMs + CALL_AFTER_MS)
    .filter((atMs) => atMs > nowMs);
}

type Hedged = ActiveAttempt & { readonly hedgeAtMs: number };

function waiting({ active, steps }: JobState): Hedged[] {
  return Object.values(active).filter((attempt): attempt is Hedged => {
    const { hedgeAtMs, step } = attempt;
    if (hedgeAtMs === undefined) return false;
    // What a failed map still does is not wanted any more.
    const status = steps[step]?.phase.status;
    return status === 'running' || status === 'mapping';
  });
}
