import { attemptKey, type AttemptRecord, type Declined } from '../../../domain/job/attempt.ts';
import type { Failure } from '../../../domain/job/failure.ts';
import {
  isTerminal,
  type JobBirth,
  type JobState,
  type StepState,
} from '../../../domain/job/job.ts';
import { isJsonObject, type JsonObject } from '../../../domain/json.ts';
import { formatUsd, type CostSum } from '../../../domain/money.ts';
import type { ParentLink } from '../../../domain/job/lineage.ts';
import type { StoredValue } from '../../../domain/job/stored-value.ts';
import { isoTime, toWire } from '../../../domain/wire.ts';
import { itemsUnderWay } from '../../../engine/due.ts';
import type { JobSnapshot } from '../../ports/job-shard/snapshot.ts';
import type { IndexedJob } from '../../ports/job-index.ts';
import type { Objects } from '../../ports/values/objects.ts';
import type { AttemptView } from './attempt-schema.ts';
import type { JobView, ListedJobView, StepView } from './job-schema.ts';
import { routeTaken } from './route-taken.ts';
import { jobOutput } from '../../values/job-output.ts';
import { readValue } from '../../values/resolve-scope.ts';
import { jobWebhookView } from '../webhook-view.ts';

/** A job as the API shows it, from its shard's snapshot. */
export async function jobView(objects: Objects, snapshot: JobSnapshot): Promise<JobView> {
  const { state } = snapshot;
  const { birth } = state;
  return {
    object: 'job',
    id: birth.id,
    ...statusView(state),
    pipeline: birth.pipeline,
    version: birth.version,
    ...timesView(state),
    waiting_on: waitingView(snapshot),
    output: await jobOutput(objects, snapshot),
    payloads_erased: snapshot.payloadsErased,
    cost: costView(state.cost),
    steps: await stepsView(objects, snapshot),
    input: await inputView(objects, snapshot),
    metadata: { ...birth.metadata },
    tags: [...birth.tags],
    request_id: birth.correlation.requestId,
    trace_id: birth.correlation.traceId,
    definition_hash: birth.definitionHash,
    parent: parentView(birth.parent),
    rerun_of: rerunView(birth),
    webhook: jobWebhookView(birth.webhook),
    urls: urlsOf(birth.id),
  };
}

/** A job as lists show it, from its row in D1. */
export function indexedJobView(job: IndexedJob): ListedJobView {
  return {
    object: 'job',
    id: job.id,
    status: job.status,
    terminal: isTerminal(job.status),
    status_reason: job.reasonCode === null ? null : { code: job.reasonCode },
    pipeline: job.pipeline,
    version: job.version,
    created_at: isoTime(job.createdAtMs),
    started_at: timeOrNull(job.startedAtMs),
    finished_at: timeOrNull(job.finishedAtMs),
    cost: costView({ nanoUsd: job.costNanoUsd, unpricedAttempts: job.unpricedAttempts }),
    metadata: { ...job.metadata },
    tags: [...job.tags],
    request_id: job.requestId,
    trace_id: job.traceId,
    waiting_on: job.waitingOn && {
      kind: job.waitingOn.kind,
      until: timeOrNull(job.waitingOn.untilAtMs),
    },
    urls: urlsOf(job.id),
  };
}

function waitingView({ waitingOn }: JobSnapshot): JobView['waiting_on'] {
  if (waitingOn === null) return null;
  return { kind: waitingOn.kind, key: waitingOn.key, until: timeOrNull(waitingOn.untilAtMs) };
}

function urlsOf(id: string) {
  return {
    self: `/v1/jobs/${id}`,
    events: `/v1/jobs/${id}/events`,
    cancel: `/v1/jobs/${id}/cancel`,
  };
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

function statusView({ status, reason }: JobState) {
  return { status, terminal: isTerminal(status), status_reason: reason };
}

function timesView({ birth, startedAtMs, finishedAtMs }: JobState) {
  return {
    created_at: isoTime(birth.createdAtMs),
    started_at: timeOrNull(startedAtMs),
    finished_at: timeOrNull(finishedAtMs),
    deadline_at: isoTime(birth.deadlineAtMs),
    queue_deadline_at: isoTime(birth.queueDeadlineAtMs),
    cancel_at: timeOrNull(cancelAtMs(birth)),
  };
}

function cancelAtMs({ createdAtMs, cancelAfterMs }: JobBirth): number | null {
  return cancelAfterMs === undefined ? null : createdAtMs + cancelAfterMs;
}

function rerunView({ rerunOf }: JobBirth): JobView['rerun_of'] {
  return rerunOf === undefined ? null : { job_id: rerunOf.jobId, from_step: rerunOf.fromStep };
}

/** Exact dollars as text beside the integer they come from; attempts without a known price are counted. */
function costView({ nanoUsd, unpricedAttempts }: CostSum) {
  return { nano_usd: nanoUsd, usd: formatUsd(nanoUsd), unpriced_attempts: unpricedAttempts };
}

function parentView(parent: ParentLink | undefined): JobView['parent'] {
  if (parent === undefined) return null;
  const { jobId, step, item, attempt } = parent;
  return { job_id: jobId, step, item, attempt };
}

async function inputView(
  objects: Objects,
  { state, payloads }: JobSnapshot,
): Promise<JobView['input']> {
  const stored = storedView(state.birth.input);
  if (payloads.input === undefined) return stored;
  return { ...stored, value: (await readValue(objects, payloads.input)) ?? null };
}

function storedView({ bytes, sha256 }: StoredValue) {
  return { bytes, sha256 };
}

async function stepsView(objects: Objects, snapshot: JobSnapshot): Promise<StepView[]> {
  const { state, definition, payloads } = snapshot;
  const views = definition.steps.map(async ({ id, uses }) => {
    const step = state.steps[id];
    if (step === undefined) return [];
    const read = payloads.steps?.[id];
    const view = stepView(snapshot, id, uses, step);
    if (read === undefined) return [view];
    return [{ ...view, output_value: (await readValue(objects, read)) ?? null }];
  });
  return (await Promise.all(views)).flat();
}

function stepView(snapshot: JobSnapshot, id: string, uses: string, step: StepState): StepView {
  return {
    id,
    uses,
    status: shownStatus(snapshot.state, step),
    queued_at: timeOrNull(step.queuedAtMs),
    started_at: timeOrNull(step.startedAtMs),
    finished_at: timeOrNull(step.finishedAtMs),
    cost: costView(step.cost),
    ...endView(step),
    handled_by: (step.phase.status === 'failed' ? step.phase.handler : null) ?? null,
    reused: step.phase.status === 'succeeded' && step.phase.reused === true,
    next_attempt: nextAttemptView(snapshot.state, step),
    waiting_for: waitingForView(snapshot.state, step),
    items: itemsView(snapshot.state, id, step),
    ...routeTaken(snapshot.state, id, step),
    attempts: [
      ...step.attempts.map((record) => attemptView(snapshot, id, record)),
      ...activeViews(snapshot.state, id),
    ],
  };
}

type EndView = Pick<StepView, 'output' | 'error' | 'stopped' | 'skipped'>;

/** How a step ended; each field is null unless it ended that way. */
function endView({ phase }: StepState): EndView {
  const open = { output: null, error: null, stopped: null, skipped: null };
  switch (phase.status) {
    case 'succeeded':
      return { ...open, output: phase.output === null ? null : storedView(phase.output) };
    case 'failed':
      return { ...open, error: failureView(phase.failure), stopped: phase.stopped };
    case 'skipped':
      return { ...open, skipped: phase.reason };
    case 'pending':
    case 'queued':
    case 'running':
    case 'mapping':
    case 'waiting':
      return open;
  }
}

function failureView({ detail: _detail, ...failure }: Failure): NonNullable<StepView['error']> {
  const { class: failureClass, phase, message, ...rest } = failure;
  const wire = toWire(rest);
  return { class: failureClass, phase, message, ...(isJsonObject(wire) ? wire : {}) };
}

/** Steps that had not ended when the job did are cancelled, whatever they waited for. */
function shownStatus(state: JobState, { phase }: StepState): StepView['status'] {
  const ended = ['succeeded', 'failed', 'skipped'].includes(phase.status);
  if (isTerminal(state.status) && !ended) return 'cancelled';
  return phase.status === 'mapping' ? 'running' : phase.status;
}

/** What a step that has no attempt under way tries next; in a map, the item that is due first. */
function nextAttemptView({ status }: JobState, { phase }: StepState): StepView['next_attempt'] {
  if (isTerminal(status)) return null;
  if (phase.status === 'queued') {
    const { attempt, notBeforeMs } = phase.next;
    return { attempt, item: null, not_before: isoTime(notBeforeMs) };
  }
  if (phase.status !== 'mapping') return null;
  const [first] = phase.retries.toSorted((left, right) => left.notBeforeMs - right.notBeforeMs);
  if (first === undefined) return null;
  return { attempt: first.attempt, item: first.item, not_before: isoTime(first.notBeforeMs) };
}

function waitingForView({ status }: JobState, { phase }: StepState): StepView['waiting_for'] {
  if (isTerminal(status) || phase.status !== 'waiting') return null;
  const { on } = phase;
  return on.kind === 'event'
    ? { event: on.name, until: null }
    : { event: null, until: isoTime(on.untilAtMs) };
}

function itemsView(state: JobState, id: string, { phase }: StepState): StepView['items'] {
  if (phase.status === 'succeeded' && phase.items !== undefined) {
    const { items, itemsFailed = 0 } = phase;
    const done = { total: items, succeeded: items - itemsFailed, failed: itemsFailed };
    return { ...done, running: 0, backing_off: 0, not_started: 0 };
  }
  if (phase.status !== 'mapping') return null;
  const running = itemsUnderWay(state, id);
  return {
    total: phase.items,
    succeeded: phase.succeeded,
    failed: phase.failed ?? 0,
    running,
    backing_off: phase.retries.length,
    not_started: phase.items - phase.cursor,
  };
}

function attemptView({ details }: JobSnapshot, step: string, record: AttemptRecord): AttemptView {
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
function activeViews({ active, status }: JobState, step: string): AttemptView[] {
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
