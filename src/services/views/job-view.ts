import type { AttemptRecord } from '../../domain/attempt.ts';
import { attemptKey } from '../../domain/attempt.ts';
import { isTerminal, type JobState, type StepState } from '../../domain/job.ts';
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { formatUsd, type CostSum } from '../../domain/money.ts';
import type { StoredValue } from '../../domain/stored-value.ts';
import { isoTime, toWire } from '../../domain/wire.ts';
import { compileTemplate, fillTemplate } from '../../engine/expression/template.ts';
import type { JobSnapshot } from '../ports/job-shard.ts';
import type { IndexedJob } from '../ports/job-index.ts';
import type { Objects } from '../ports/objects.ts';
import { contextScope, readValue, scopeOf } from '../resolve-scope.ts';

/** A job as the API shows it, from its shard's snapshot. */
export async function jobView(objects: Objects, snapshot: JobSnapshot): Promise<JsonObject> {
  const { state, definition } = snapshot;
  const { birth } = state;
  return {
    object: 'job',
    id: birth.id,
    ...statusView(state),
    pipeline: birth.pipeline,
    version: birth.version,
    ...timesView(state),
    waiting_on: toWire(snapshot.waitingOn),
    output: await outputOf(objects, snapshot),
    payloads_erased: snapshot.payloadsErased,
    cost: costView(state.cost),
    steps: await stepsView(objects, snapshot),
    input: await inputView(objects, snapshot),
    metadata: { ...birth.metadata },
    tags: [...birth.tags],
    request_id: birth.correlation.requestId,
    trace_id: birth.correlation.traceId,
    definition_hash: birth.definitionHash,
    description: definition.description ?? null,
    urls: urlsOf(birth.id),
  };
}

/** A job as lists show it, from its row in D1. */
export function indexedJobView(job: IndexedJob): JsonObject {
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
    urls: urlsOf(job.id),
  };
}

function urlsOf(id: string): JsonObject {
  return {
    self: `/v1/jobs/${id}`,
    events: `/v1/jobs/${id}/events`,
    cancel: `/v1/jobs/${id}/cancel`,
  };
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

function statusView({ status, reason }: JobState): JsonObject {
  return { status, terminal: isTerminal(status), status_reason: reason };
}

function timesView({ birth, startedAtMs, finishedAtMs }: JobState): JsonObject {
  return {
    created_at: isoTime(birth.createdAtMs),
    started_at: timeOrNull(startedAtMs),
    finished_at: timeOrNull(finishedAtMs),
    deadline_at: isoTime(birth.deadlineAtMs),
    queue_deadline_at: isoTime(birth.queueDeadlineAtMs),
  };
}

/** Exact dollars as text beside the integer they come from; attempts without a known price are counted. */
function costView({ nanoUsd, unpricedAttempts }: CostSum): JsonObject {
  return { nano_usd: nanoUsd, usd: formatUsd(nanoUsd), unpriced_attempts: unpricedAttempts };
}

async function outputOf(
  objects: Objects,
  { state, definition, outputReads, payloadsErased }: JobSnapshot,
): Promise<Json> {
  const succeeded = state.status === 'succeeded' || state.status === 'partially_succeeded';
  if (!succeeded || payloadsErased || definition.output === undefined) return null;
  const { birth } = state;
  const scope = await scopeOf(objects, contextScope({ ...birth, jobId: birth.id }), outputReads);
  const template = compileTemplate(definition.output, [], []);
  const filled = fillTemplate(template, scope, 'null');
  return filled.ok ? filled.value : null;
}

async function inputView(objects: Objects, { state, payloads }: JobSnapshot): Promise<JsonObject> {
  const stored = storedView(state.birth.input);
  if (payloads.input === undefined) return stored;
  return { ...stored, value: (await readValue(objects, payloads.input)) ?? null };
}

function storedView({ bytes, sha256 }: StoredValue): JsonObject {
  return { bytes, sha256 };
}

async function stepsView(objects: Objects, snapshot: JobSnapshot): Promise<JsonObject[]> {
  const { state, definition, payloads } = snapshot;
  return Promise.all(
    definition.steps.map(async ({ id, uses }) => {
      const step = state.steps[id];
      const read = payloads.steps?.[id];
      const value =
        read === undefined ? {} : { output_value: (await readValue(objects, read)) ?? null };
      return step === undefined
        ? { id, uses }
        : { ...stepView(snapshot, id, uses, step), ...value };
    }),
  );
}

function stepView(snapshot: JobSnapshot, id: string, uses: string, step: StepState): JsonObject {
  const { phase, attempts, cost } = step;
  return {
    id,
    uses,
    status: shownStatus(snapshot.state, step),
    queued_at: timeOrNull(step.queuedAtMs),
    started_at: timeOrNull(step.startedAtMs),
    finished_at: timeOrNull(step.finishedAtMs),
    cost: costView(cost),
    output: phase.status === 'succeeded' && phase.output !== null ? storedView(phase.output) : null,
    error: phase.status === 'failed' ? toWire(phase.failure) : null,
    stopped: phase.status === 'failed' ? phase.stopped : null,
    skipped: phase.status === 'skipped' ? phase.reason : null,
    items: itemsView(snapshot.state, id, step),
    attempts: [
      ...attempts.map((record) => attemptView(snapshot, id, record)),
      ...activeViews(snapshot.state, id),
    ],
  };
}

/** Steps that had not ended when the job did are cancelled, whatever they waited for. */
function shownStatus(state: JobState, { phase }: StepState): string {
  const ended = ['succeeded', 'failed', 'skipped'].includes(phase.status);
  if (isTerminal(state.status) && !ended) return 'cancelled';
  return phase.status === 'mapping' ? 'running' : phase.status;
}

function itemsView(state: JobState, id: string, { phase }: StepState): JsonObject | null {
  if (phase.status === 'succeeded') {
    return phase.items === undefined
      ? null
      : { total: phase.items, succeeded: phase.items, running: 0 };
  }
  if (phase.status !== 'mapping') return null;
  const running = Object.values(state.active).filter((active) => active.step === id).length;
  return {
    total: phase.items,
    succeeded: phase.succeeded,
    running,
    backing_off: phase.retries.length,
    not_started: phase.items - phase.cursor,
  };
}

function attemptView({ details }: JobSnapshot, step: string, record: AttemptRecord): JsonObject {
  const { attempt, target, outcome, startedAtMs, finishedAtMs, failure, facts } = record;
  const detail = details[attemptKey(step, null, attempt)];
  return {
    attempt,
    target: toWire(target),
    outcome,
    started_at: isoTime(startedAtMs),
    finished_at: isoTime(finishedAtMs),
    failure: failure === undefined ? null : toWire(failure),
    provider_said: detail ?? null,
    ...factsView(facts),
  };
}

function factsView(facts: AttemptRecord['facts']): JsonObject {
  const wire = facts === undefined ? null : toWire(facts);
  return isJsonObject(wire) ? wire : {};
}

function activeViews({ active }: JobState, step: string): JsonObject[] {
  return Object.values(active)
    .filter((attempt) => attempt.step === step && attempt.item === null)
    .map(({ attempt, target, startedAtMs, deadlineAtMs }) => ({
      attempt,
      target: toWire(target),
      outcome: 'running',
      started_at: isoTime(startedAtMs),
      deadline_at: isoTime(deadlineAtMs),
    }));
}
