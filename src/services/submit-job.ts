import type { Actor } from '../domain/access.ts';
import { canonicalJson } from '../domain/canonical.ts';
import { INPUT_BYTES_DEFAULT } from '../domain/definition.ts';
import { durationMs } from '../domain/duration.ts';
import { createdAtMsOf, jobIdOf, type JobId } from '../domain/ids.ts';
import type { Correlation, JobBirth } from '../domain/job.ts';
import { jsonBytes, type Json } from '../domain/json.ts';
import { controlValues } from './control-values.ts';
import { findPipeline, type FoundPipeline } from './find-pipeline.ts';
import { packPayload } from './payloads.ts';
import type { PlanCache } from './plan-cache.ts';
import type {
  JobShards,
  JobSnapshot,
  NextAnswer,
  SubmitAnswer,
  TurnRequest,
} from './ports/job-shard.ts';
import type { Objects } from './ports/objects.ts';
import type { Pipelines } from './ports/pipelines.ts';
import type { Machine } from './ports/runtime.ts';
import { missingScope } from './require-scope.ts';
import { done, refuse, refuseAt, type Result } from './result.ts';
import { checkValue } from './check-value.ts';

export type SubmitDeps = {
  readonly pipelines: Pipelines;
  readonly plans: PlanCache;
  readonly shards: JobShards;
  readonly objects: Objects;
  readonly machine: Machine;
};

export type SubmitInput = {
  readonly pipeline: string;
  readonly input: Json;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly timeouts: { readonly job?: string | undefined; readonly queue?: string | undefined };
  readonly idempotencyKey: string | null;
  readonly correlation: Correlation;
  /** The submitter runs the job itself. */
  readonly turn: TurnRequest | null;
};

export type Submitted = {
  readonly kind: 'created' | 'replayed';
  readonly snapshot: JobSnapshot;
  readonly turn: NextAnswer | null;
};

/** Creates a job, or finds the one that the same idempotency key has created before. */
export async function submitJob(
  deps: SubmitDeps,
  actor: Actor,
  input: SubmitInput,
): Promise<Result<Submitted>> {
  const refused = missingScope(actor, 'jobs:write');
  if (refused !== null) return refused;
  const key = input.idempotencyKey === null ? null : await hashedKey(deps.machine, actor, input);
  const checked = await checkInput(deps, actor, input);
  if (!checked.ok) return (await replayInstead(deps, actor, key)) ?? checked;
  const former = await replayFromFormerHome(deps, actor, key);
  if (former !== null) return former;
  return create(deps, actor, input, checked.value, key);
}

type Key = { readonly keyHash: string; readonly bodyHash: string };

/** Only hashes of the key and of what was sent under it are kept. */
async function hashedKey(machine: Machine, actor: Actor, input: SubmitInput): Promise<Key> {
  const { pipeline, metadata, tags, timeouts } = input;
  const body = canonicalJson({ pipeline, input: input.input, metadata, tags, timeouts });
  return {
    keyHash: await machine.sha256(`${actor.project}\n${input.idempotencyKey ?? ''}`),
    bodyHash: await machine.sha256(body),
  };
}

/** All that can be refused before anything is stored. */
async function checkInput(
  deps: SubmitDeps,
  actor: Actor,
  { pipeline, input }: SubmitInput,
): Promise<Result<FoundPipeline>> {
  const found = await findPipeline(deps, actor.project, pipeline, '/pipeline');
  if (!found.ok) return found;
  const { schema, max_bytes: maxBytes = INPUT_BYTES_DEFAULT } =
    found.value.plan.definition.input ?? {};
  const bytes = jsonBytes(input);
  if (bytes > maxBytes) {
    const message = `the input takes ${bytes} bytes; ${pipeline} accepts at most ${maxBytes}`;
    return refuseAt('payload_too_large', '/input', message);
  }
  const failure = schema === undefined ? null : checkValue(schema, input);
  if (failure === null) return found;
  const violations = (failure.violations ?? []).map((violation) => ({
    ...violation,
    pointer: `/input${violation.pointer}`,
  }));
  const message = `the input does not satisfy the schema of ${pipeline}@${found.value.version.version}`;
  return refuse('input_invalid', message, { violations });
}

/** A repetition is answered with its job even when the pipeline would not take the input any more. */
async function replayInstead(
  deps: SubmitDeps,
  actor: Actor,
  key: Key | null,
): Promise<Result<Submitted> | null> {
  if (key === null) return null;
  const shard = shardOfKey(key, deps.shards.count);
  return (await replayFrom(deps, actor, key, shard)) ?? replayFromFormerHome(deps, actor, key);
}

/** After the number of shards changed, a key may lie in the shard that the former number gave it. */
async function replayFromFormerHome(
  deps: SubmitDeps,
  actor: Actor,
  key: Key | null,
): Promise<Result<Submitted> | null> {
  const { count, former } = deps.shards;
  if (key === null || former === null) return null;
  const shard = shardOfKey(key, former);
  return shard === shardOfKey(key, count) ? null : replayFrom(deps, actor, key, shard);
}

async function replayFrom(
  { shards }: SubmitDeps,
  { project }: Actor,
  key: Key,
  shard: number,
): Promise<Result<Submitted> | null> {
  const home = shards.of(project, shard);
  const known = await home.findKey(key.keyHash);
  if (known === null) return null;
  if (known.bodyHash !== key.bodyHash) return keyReused(known.jobId);
  const snapshot = await home.read({ jobId: known.jobId, include: [] });
  return snapshot === null ? null : done({ kind: 'replayed', snapshot, turn: null });
}

function keyReused(jobId: JobId): Result<never> {
  return refuseAt(
    'idempotency_key_reused',
    '/headers/idempotency-key',
    `this Idempotency-Key was used for ${jobId} with a different request; send the same request again, or use a new key`,
  );
}

/** The shard of a key: its hash, spread over the shards. */
function shardOfKey({ keyHash }: Key, count: number): number {
  return Number.parseInt(keyHash.slice(0, 8), 16) % count;
}

async function create(
  deps: SubmitDeps,
  actor: Actor,
  input: SubmitInput,
  found: FoundPipeline,
  key: Key | null,
): Promise<Result<Submitted>> {
  const { machine, shards } = deps;
  const uuid = machine.newUuid();
  const shard =
    key === null
      ? Number.parseInt(uuid.replaceAll('-', '').slice(-8), 16) % shards.count
      : shardOfKey(key, shards.count);
  const jobId = jobIdOf(uuid, shard);
  const control = controlValues(found.plan.inputReports, input.input, 1);
  if (!control.ok) return refuseAt('payload_too_large', '/input', control.failure.message);
  const owner = { project: actor.project, jobId, owner: 'input', rowKey: 'input' };
  const packed = await packPayload(deps, owner, input.input);
  if (!packed.ok) return refuseAt('payload_too_large', '/input', packed.failure.message);
  const answer = await shards.of(actor.project, shard).submit({
    birth: birthOf(actor, input, found, jobId, packed.payload.stored),
    definition: found.plan.definition,
    input: packed.payload,
    control: control.values,
    idempotency: key,
    turn: input.turn,
  });
  // No job was born to own the object that its input has become.
  const orphaned = answer.kind !== 'created' && packed.payload.stored.at === 'r2';
  if (orphaned) await deps.objects.deleteJob(actor.project, jobId);
  return toResult(answer);
}

function birthOf(
  { project }: Actor,
  { metadata, tags, correlation, timeouts }: SubmitInput,
  { version, plan }: FoundPipeline,
  id: JobId,
  input: JobBirth['input'],
): JobBirth {
  const createdAtMs = createdAtMsOf(id);
  const jobTimeoutMs = durationMs(timeouts.job, plan.jobTimeoutMs);
  const queueTimeoutMs = durationMs(timeouts.queue, Math.min(plan.queueTimeoutMs, jobTimeoutMs));
  return {
    id,
    project,
    pipeline: version.name,
    version: version.version,
    definitionHash: version.hash,
    input,
    metadata,
    tags,
    correlation,
    createdAtMs,
    queueDeadlineAtMs: createdAtMs + queueTimeoutMs,
    deadlineAtMs: createdAtMs + jobTimeoutMs,
  };
}

function toResult(answer: SubmitAnswer): Result<Submitted> {
  switch (answer.kind) {
    case 'created':
      return done({ kind: 'created', snapshot: answer.snapshot, turn: answer.turn });
    case 'replayed':
      return done({ kind: 'replayed', snapshot: answer.snapshot, turn: null });
    case 'key_conflict':
      return keyReused(answer.jobId);
    case 'full':
      return refuse('unavailable', 'this project has no room for new jobs at the moment', {
        retryAfterMs: answer.retryAfterMs,
      });
  }
}
