import { isTerminal, type JobBirth, type JobState } from '../../../domain/job/job.ts';
import type { ParentLink } from '../../../domain/job/lineage.ts';
import { isoTime } from '../../../domain/wire.ts';
import type { JobSnapshot } from '../../ports/job-shard/snapshot.ts';
import type { IndexedJob } from '../../ports/job-index.ts';
import type { Objects } from '../../ports/values/objects.ts';
import { jobOutput } from '../../values/job-output.ts';
import { readValue } from '../../values/resolve-scope.ts';
import { jobWebhookView } from '../webhook-view.ts';
import type { JobView, ListedJobView } from './job-schema.ts';
import { costView, storedView, timeOrNull } from './parts.ts';
import { stepsView } from './step-view.ts';

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
