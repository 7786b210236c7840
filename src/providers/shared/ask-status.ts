import type { Failure, FailureClass } from '../../domain/failure.ts';
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
  if (!passing.has(failure.class) || failure.code === ownDeadline) {
    return { kind: 'failed', failure: { ...failure, phase: 'accepted' } };
  }
  const waitMs = Math.max(checkInMs, failure.retryAfterMs ?? 0);
  return { kind: 'pending', ticket, checkInMs: waitMs };
}
