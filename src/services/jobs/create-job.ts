import type { Actor } from '../../domain/access.ts';
import type { ChargedTo } from '../../domain/budget.ts';
import type { CacheOverride } from '../../domain/cache.ts';
import { INPUT_BYTES_DEFAULT } from '../../domain/definition/definition.ts';
import { durationMs } from '../../domain/duration.ts';
import type { JobFlow, Priority } from '../../domain/job/flow.ts';
import { createdAtMsOf, jobIdOf, type JobId } from '../../domain/ids.ts';
import type { Correlation, JobBirth } from '../../domain/job/job.ts';
import { jsonBytes, type Json } from '../../domain/json.ts';
import type { NanoUsd } from '../../domain/money.ts';
import type { RerunOf } from '../../domain/job/rerun.ts';
import type { JobWebhook } from '../../domain/webhook.ts';
import { budgetRefusal, type BudgetRefusalDeps } from '../budgets/submit-refusal.ts';
import { checkValue } from '../values/check-value.ts';
import { controlValues } from '../values/control-values.ts';
import type { FoundPipeline } from '../pipelines/find-pipeline.ts';
import type { WebhookDeps } from './check-webhook.ts';
import { keyReused, replay, replayFromFormerHome, shardOfKey, type Key } from './idempotency.ts';
import { jobFlow, projectLimitOf } from './job-flow.ts';
import { routePrices, type RoutePriceDeps } from './route-prices.ts';
import { toldAtOnce, type ToldAtOnceDeps } from './told-at-once.ts';
import { packPayload } from '../values/payloads.ts';
import type { ParentLink } from '../../domain/job/lineage.ts';
import type { PlanCache } from '../pipelines/plan-cache.ts';
import type { JobShards } from '../ports/job-shard/job-shard.ts';
import type { JobSnapshot } from '../ports/job-shard/snapshot.ts';
import type { NextAnswer, TurnRequest } from '../ports/job-shard/turn.ts';
import type { ReusedOutput, SubmitAnswer } from '../ports/job-shard/submit.ts';
import type { Files } from '../ports/values/files.ts';
import type { Objects } from '../ports/values/objects.ts';
import type { Pipelines } from '../ports/pipelines.ts';
import type { Machine } from '../ports/runtime.ts';
import { done, refuse, refuseAt, type Result } from '../result.ts';

export type CreateDeps = RoutePriceDeps &
  BudgetRefusalDeps &
  ToldAtOnceDeps & {
    readonly pipelines: Pipelines;
    readonly plans: PlanCache;
    readonly shards: JobShards;
    readonly objects: Objects;
    /** Looks for files that inputs name. Absent where none are kept. */
    readonly files?: Pick<Files, 'head'>;
    readonly machine: Machine;
    /** For jobs with webhooks of their own. */
    readonly projectSecrets?: WebhookDeps['projectSecrets'];
    readonly webhookUrls?: WebhookDeps['webhookUrls'];
    /** The limit on jobs under way at once in a project that has none of its own; null for none. */
    readonly projectJobsMax?: number | null;
  };

/** How a job is to be made, whoever wants it and whatever for. */
export type CreateOptions = {
  readonly timeouts: { readonly job?: string | undefined; readonly queue?: string | undefined };
  /** How long after its creation the job is cancelled if it is not over; a duration. */
  readonly cancelAfter: string | null;
  readonly idempotencyKey: string | null;
  /** The pipeline's own if absent. */
  readonly priority?: Priority | undefined;
  readonly correlation: Correlation;
  /** The submitter runs the job itself. */
  readonly turn: TurnRequest | null;
  /** Whom to tell of the job. */
  readonly webhook?: JobWebhook | undefined;
  /** What is said about the caches of the job's steps. */
  readonly cache?: CacheOverride | undefined;
  /** The submitter listens to the job. */
  readonly stream?: boolean;
  /** For a child: the attempt that waits for it, and the moment after which nobody does. */
  readonly parent?: {
    readonly link: ParentLink;
    readonly untilMs: number;
    /** What it may cost at most; absent where the job above it has no limit. */
    readonly maxCostNanoUsd?: NanoUsd;
  };
  /** For a child: whoever ordered its first ancestor, and the tags above it. */
  readonly chargedTo?: ChargedTo | undefined;
};

/** A job that nothing speaks against. */
export type Order = CreateOptions & {
  readonly found: FoundPipeline;
  readonly input: Json;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly rerun: { readonly of: RerunOf; readonly reused: readonly ReusedValue[] } | null;
};

/** A step's recorded output, as it was read from the job that is run again. */
export type ReusedValue = {
  readonly step: string;
  /** Undefined for a step that puts nothing out. */
  readonly value: Json | undefined;
  readonly control: Readonly<Record<string, Json>>;
};

export type Submitted = {
  readonly kind: 'created' | 'replayed';
  readonly snapshot: JobSnapshot;
  readonly turn: NextAnswer | null;
};

/**
 * Creates a job, or finds the one that the same key has created before. `check` says all that can be refused
 * before anything is stored; a repetition is answered with its job even when it would be refused by now.
 */
export async function createOnce(
  deps: CreateDeps,
  actor: Actor,
  key: Key | null,
  check: () => Promise<Result<Order>>,
): Promise<Result<Submitted>> {
  const checked = await check();
  const order = checked.ok ? await admitted(deps, actor, checked.value) : checked;
  if (!order.ok) return replayed(await replay(deps, actor, key)) ?? order;
  const former = replayed(await replayFromFormerHome(deps, actor, key));
  return former ?? create(deps, actor, order.value, key);
}

type LimitedOrder = Order & {
  readonly flow: JobFlow | null;
  readonly chargedTo: ChargedTo;
};

/** A child belongs to a job that was admitted; a rerun may take over what was paid for. */
async function admitted(
  deps: CreateDeps,
  actor: Actor,
  order: Order,
): Promise<Result<LimitedOrder>> {
  const limited = underLimits(deps, actor, order);
  if (!limited.ok || order.parent !== undefined || order.rerun !== null) return limited;
  return (await budgetRefusal(deps, actor, limited.value)) ?? limited;
}

function underLimits(deps: CreateDeps, actor: Actor, order: Order): Result<LimitedOrder> {
  const { input, metadata, priority = null } = order;
  const projectLimit = projectLimitOf(actor, deps.projectJobsMax);
  const flow = jobFlow(order.found, { input, metadata, priority, projectLimit });
  if (!flow.ok) return flow;
  const { chargedTo = { apiKey: actor.id, tags: order.tags } } = order;
  return done({ ...order, flow: flow.value, chargedTo });
}

function replayed(found: Result<JobSnapshot> | null): Result<Submitted> | null {
  if (found === null || !found.ok) return found;
  return done({ kind: 'replayed', snapshot: found.value, turn: null });
}

/** Holds an input against its pipeline's limit and schema; null when it passes. */
export function inputRefusal({ plan, version }: FoundPipeline, input: Json): Result<never> | null {
  const { schema, max_bytes: maxBytes = INPUT_BYTES_DEFAULT } = plan.definition.input ?? {};
  const bytes = jsonBytes(input);
  if (bytes > maxBytes) {
    const message = `the input takes ${bytes} bytes; ${version.name} accepts at most ${maxBytes}`;
    return refuseAt('payload_too_large', '/input', message);
  }
  const failure = schema === undefined ? null : checkValue(schema, input);
  if (failure === null) return null;
  const violations = (failure.violations ?? []).map((violation) => ({
    ...violation,
    pointer: `/input${violation.pointer}`,
  }));
  const message = `the input does not satisfy the schema of ${version.name}@${version.version}`;
  return refuse('input_invalid', message, { violations });
}

async function create(
  deps: CreateDeps,
  actor: Actor,
  order: LimitedOrder,
  key: Key | null,
): Promise<Result<Submitted>> {
  const { machine, shards } = deps;
  const uuid = machine.newUuid();
  const shard =
    key === null
      ? Number.parseInt(uuid.replaceAll('-', '').slice(-8), 16) % shards.count
      : shardOfKey(key, shards.count);
  const jobId = jobIdOf(uuid, shard);
  const control = controlValues(order.found.plan.inputReports, order.input, 1);
  if (!control.ok) return refuseAt('payload_too_large', '/input', control.failure.message);
  const owner = { project: actor.project, jobId, owner: 'input', rowKey: 'input' };
  const packed = await packPayload(deps, owner, order.input);
  if (!packed.ok) return refuseAt('payload_too_large', '/input', packed.failure.message);
  const reused = await packReused(deps, actor, jobId, order.rerun?.reused ?? []);
  if (!reused.ok) {
    await deps.objects.deleteJob(actor.project, jobId);
    return reused;
  }
  const prices = await routePrices(deps, actor.project, order.found.plan);
  const tells = await toldAtOnce(deps, actor.project, order.webhook);
  const answer = await shards.of(actor.project, shard).submit({
    birth: birthOf(actor, order, jobId, { input: packed.payload.stored, ...prices, ...tells }),
    definition: order.found.plan.definition,
    input: packed.payload,
    control: control.values,
    idempotency: key,
    reused: reused.value,
    turn: order.turn,
  });
  // No job was born to own the objects that its payloads have become.
  const payloads = [packed.payload, ...reused.value.map(({ output }) => output)];
  const orphaned = answer.kind !== 'created' && payloads.some(isObject);
  if (orphaned) await deps.objects.deleteJob(actor.project, jobId);
  return toResult(answer);
}

function isObject(payload: ReusedOutput['output']): boolean {
  return payload?.stored.at === 'r2';
}

/** Gives the new job copies of its own: the old one's may be erased any day. */
async function packReused(
  deps: CreateDeps,
  { project }: Actor,
  jobId: JobId,
  values: readonly ReusedValue[],
): Promise<Result<readonly ReusedOutput[]>> {
  const reused: ReusedOutput[] = [];
  for (const { step, value, control } of values) {
    if (value === undefined) {
      reused.push({ step, output: null, control });
      continue;
    }
    const owner = { project, jobId, owner: `reused/${step}`, rowKey: `output/${step}` };
    const packed = await packPayload(deps, owner, value);
    if (!packed.ok) {
      const message = `the recorded output of ${step} cannot be taken over: ${packed.failure.message}`;
      return refuseAt('payload_too_large', '/from_step', message);
    }
    reused.push({ step, output: packed.payload, control });
  }
  return done(reused);
}

function birthOf(
  { project }: Actor,
  order: LimitedOrder,
  id: JobId,
  own: Pick<JobBirth, 'input' | 'prices' | 'tells'>,
): JobBirth {
  const { metadata, tags, correlation, timeouts, cancelAfter, rerun, parent, found, flow, cache } =
    order;
  const { version, plan } = found;
  const createdAtMs = createdAtMsOf(id);
  const ownTimeoutMs = durationMs(timeouts.job, plan.jobTimeoutMs);
  const jobTimeoutMs = Math.min(ownTimeoutMs, (parent?.untilMs ?? Infinity) - createdAtMs);
  const queueTimeoutMs = durationMs(timeouts.queue, Math.min(plan.queueTimeoutMs, jobTimeoutMs));
  return {
    id,
    project,
    pipeline: version.name,
    version: version.version,
    definitionHash: version.hash,
    ...own,
    metadata,
    tags,
    correlation,
    createdAtMs,
    queueDeadlineAtMs: createdAtMs + queueTimeoutMs,
    deadlineAtMs: createdAtMs + jobTimeoutMs,
    ...(cancelAfter === null ? {} : { cancelAfterMs: durationMs(cancelAfter, 0) }),
    ...(rerun === null ? {} : { rerunOf: rerun.of }),
    ...parentPart(parent),
    ...(flow === null ? {} : { flow }),
    ...webhookOf(order),
    ...(cache === undefined ? {} : { cache }),
    chargedTo: order.chargedTo,
    ...(order.stream === true ? { stream: true } : {}),
  };
}

function parentPart(parent: CreateOptions['parent']): Pick<JobBirth, 'parent' | 'maxCostNanoUsd'> {
  if (parent === undefined) return {};
  const { link, maxCostNanoUsd } = parent;
  return { parent: link, ...(maxCostNanoUsd === undefined ? {} : { maxCostNanoUsd }) };
}

function webhookOf({ webhook }: CreateOptions): Pick<JobBirth, 'webhook'> {
  return webhook === undefined ? {} : { webhook };
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
