import type { Failure, FailureClass } from '../../domain/job/failure.ts';
import type { CallOutcome, ErrorEvidence, Ticket } from '../port.ts';
import { unreadableFailure, type Asked } from './failures.ts';

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

/** A question for the status of work, and how the adapter reads what is no status. */
export type StatusQuestion = {
  readonly asked: Asked;
  readonly ticket: Ticket;
  readonly checkInMs: number;
  readonly classify: (evidence: ErrorEvidence) => Failure;
};

/** The same for whatever came instead of a status: a success that tells none cannot be read, all else is an error. */
export function untoldStatus(evidence: ErrorEvidence, question: StatusQuestion): CallOutcome {
  const { asked, ticket, checkInMs, classify } = question;
  const failure =
    evidence.kind === 'reply' && evidence.reply.status < 300
      ? unreadableFailure(asked, evidence.reply)
      : classify(evidence);
  return unansweredStatus(failure, ticket, checkInMs);
}

/** Here it is the work that is not found, whatever the adapter reads out of a 404 elsewhere. */
function gone(failure: Failure): Failure {
  const message =
    'The provider no longer knows the work that it took for this attempt. Retry the step; the work may have been charged.';
  return { ...failure, class: 'unknown', phase: 'accepted', message, code: 'work_not_found' };
}
