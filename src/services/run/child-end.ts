import type { AttemptFacts } from '../../domain/job/attempt.ts';
import type { Failure } from '../../domain/job/failure.ts';
import type { JobState } from '../../domain/job/job.ts';
import { atMostNanoUsd } from '../../engine/attempts/job-budget.ts';

/** Why a child that did not succeed fails the attempt that waits for it. */
export function childFailure({ birth, status, reason }: JobState): Failure {
  const why = reason === null ? '' : `: ${reason.message}`;
  return {
    class: status === 'cancelled' ? 'cancelled' : 'child_failed',
    phase: 'finished',
    code: reason?.code ?? status,
    message: `the child job ${birth.id} of ${birth.pipeline}@${birth.version} ended as ${status}${why}`,
  };
}

/** What the child cost counts for its parent; unknown when it is for the child, or when calls below it are still out. */
export function childFacts(state: JobState): AttemptFacts {
  const { birth, finishedAtMs, cost } = state;
  const latencyMs = Math.max(0, (finishedAtMs ?? birth.createdAtMs) - birth.createdAtMs);
  const atMost = birth.maxCostNanoUsd === undefined ? null : atMostNanoUsd(state);
  const isKnown = cost.unpricedAttempts === 0 && !isOut(state);
  if (isKnown) return { latencyMs, costNanoUsd: cost.nanoUsd };
  return { latencyMs, costNanoUsd: null, ...(atMost === null ? {} : { estimateNanoUsd: atMost }) };
}

/** True while children that may pay have not ended. */
function isOut({ active }: JobState): boolean {
  return Object.values(active).some(({ allowanceNanoUsd = 0 }) => allowanceNanoUsd > 0);
}
