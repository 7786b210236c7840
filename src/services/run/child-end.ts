import type { AttemptFacts } from '../../domain/job/attempt.ts';
import type { Failure } from '../../domain/job/failure.ts';
import type { JobState } from '../../domain/job/job.ts';

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

/** What the child cost counts for its parent; unknown when it is for the child. */
export function childFacts({ birth, finishedAtMs, cost }: JobState): AttemptFacts {
  return {
    latencyMs: Math.max(0, (finishedAtMs ?? birth.createdAtMs) - birth.createdAtMs),
    costNanoUsd: cost.unpricedAttempts > 0 ? null : cost.nanoUsd,
  };
}
