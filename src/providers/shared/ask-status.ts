import type { Failure, FailureClass } from '../../domain/job/failure.ts';
import type { CallOutcome, Ticket } from '../port.ts';

/** What a question can die of while the work goes on. */
const passing: ReadonlySet<FailureClass> = new Set<FailureClass>([
  'rate_limited',
  'overloaded',
  'timeout',
  'network',
  'provider_internal',
]);

/** Our own deadline is no failure of the provider: there is no time left to ask again. */
const ownDeadline = 'deadline';

/**
 * The outcome of a question for the status that was not answered. It says nothing of the work: what passes is asked
 * again, no sooner than the provider wishes; what does not ends the attempt, whose work the provider had taken.
 */
export function unansweredStatus(failure: Failure, ticket: Ticket, checkInMs: number): CallOutcome {
  if (failure.status === 404 || failure.status === 410)
    return { kind: 'failed', failure: gone(failure) };
  if (!passing.has(failure.class) || failure.code === ownDeadline) {
    return { kind: 'failed', failure: { ...failure, phase: 'accepted' } };
  }
  const waitMs = Math.max(checkInMs, failure.retryAfterMs ?? 0);
  return { kind: 'pending', ticket, checkInMs: waitMs };
}

/** Here it is the work that is not found, whatever the adapter reads out of a 404 elsewhere. */
function gone(failure: Failure): Failure {
  const message =
    'The provider no longer knows the work that it took for this attempt. Retry the step; the work may have been charged.';
  return { ...failure, class: 'unknown', phase: 'accepted', message, code: 'work_not_found' };
}
