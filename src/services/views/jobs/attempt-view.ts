import { attemptKey, type AttemptRecord, type Declined } from '../../../domain/job/attempt.ts';
import type { Failure } from '../../../domain/job/failure.ts';
import { isTerminal, type JobState } from '../../../domain/job/job.ts';
import { isJsonObject, type JsonObject } from '../../../domain/json.ts';
import { isoTime, toWire } from '../../../domain/wire.ts';
import type { JobSnapshot } from '../../ports/job-shard/snapshot.ts';
import type { AttemptView } from './attempt-schema.ts';
import type { StepView } from './job-schema.ts';

export function attemptView(
  { details }: JobSnapshot,
  step: string,
  record: AttemptRecord,
): AttemptView {
  const { attempt, target, outcome, startedAtMs, finishedAtMs, failure, facts, declined } = record;
  return {
    attempt,
    target,
    ...hedgePart(record),
    outcome,
    started_at: isoTime(startedAtMs),
    finished_at: isoTime(finishedAtMs),
    failure: failure === undefined ? null : failureView(failure),
    ...(declined === undefined ? {} : { declined: declinedView(declined) }),
    child: record.child ?? null,
    provider_job_id: record.providerJobId ?? null,
    provider_said: details[attemptKey(step, null, attempt)] ?? null,
    ...factsView(facts),
  };
}

function hedgePart({ hedgeOf }: { readonly hedgeOf?: number | undefined }) {
  return hedgeOf === undefined ? {} : { hedge_of: hedgeOf };
}

function declinedView({ reason, budget, untilAtMs, times }: Declined) {
  return { reason, ...(budget && { budget }), until: isoTime(untilAtMs), times };
}

function factsView(facts: AttemptRecord['facts']): JsonObject {
  const wire = facts === undefined ? null : toWire(facts);
  return isJsonObject(wire) ? wire : {};
}

/** Attempts without an end; when the job is over, nobody waits for one any more. */
export function activeViews({ active, status }: JobState, step: string): AttemptView[] {
  return Object.values(active)
    .filter((attempt) => attempt.step === step && attempt.item === null)
    .map(({ attempt, target, hedgeOf, startedAtMs, deadlineAtMs, child, ticket }) => ({
      attempt,
      target,
      ...hedgePart({ hedgeOf }),
      outcome: isTerminal(status) ? ('abandoned' as const) : ('running' as const),
      started_at: isoTime(startedAtMs),
      finished_at: null,
      deadline_at: isoTime(deadlineAtMs),
      failure: null,
      child: child ?? null,
      provider_job_id: ticket?.providerJobId ?? null,
      provider_said: null,
    }));
}

export function failureView({
  detail: _detail,
  ...failure
}: Failure): NonNullable<StepView['error']> {
  const { class: failureClass, phase, message, ...rest } = failure;
  const wire = toWire(rest);
  return { class: failureClass, phase, message, ...(isJsonObject(wire) ? wire : {}) };
}
