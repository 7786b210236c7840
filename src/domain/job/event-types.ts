import type { EventType } from './event.ts';
import { jobEndTypes } from './job-end.ts';
import { isWanted } from '../webhook.ts';

/** Every type of event that a history can have. */
export const eventTypes = [
  'job.queued',
  'job.started',
  'job.waiting',
  'job.paused',
  'job.resumed',
  'job.cancelling',
  ...jobEndTypes,
  'step.queued',
  'step.started',
  'step.waiting',
  'step.succeeded',
  'step.failed',
  'step.skipped',
  'wait.started',
  'wait.completed',
  'wait.timed_out',
  'attempt.started',
  'attempt.succeeded',
  'attempt.failed',
  'attempt.lost',
  'attempt.declined',
  'attempt.superseded',
  'hedge.skipped',
  'attempt.polled',
  'attempt.called_back',
  'attempt.reconciled',
  'cache.hit',
  'target.skipped',
  'fallback.taken',
  'check.failed',
  'output.re_asked',
  'budget.exceeded',
  'cost.unknown',
  'cost.adjusted',
] as const satisfies readonly EventType[];

/** True for a type of events, for `*`, and for a group such as `job.*` that has types. */
export function namesEvents(pattern: string): boolean {
  return eventTypes.some((type) => isWanted([pattern], type));
}
