import type { Actor } from '../../domain/access.ts';
import { isTerminal } from '../../domain/job/job.ts';
import type { Json } from '../../domain/json.ts';
import type { JobWebhook } from '../../domain/webhook.ts';
import { controlValues } from '../values/control-values.ts';
import {
  createOnce,
  inputRefusal,
  type CreateDeps,
  type CreateOptions,
  type Order,
  type ReusedValue,
  type Submitted,
} from '../jobs/create-job.ts';
import { findPipeline, type FoundPipeline } from '../pipelines/find-pipeline.ts';
import { webhookRefusal } from '../jobs/check-webhook.ts';
import { homeOf, noSuchJob } from '../jobs/get-job.ts';
import { hashedKey } from '../jobs/idempotency.ts';
import type { JobShard } from '../ports/job-shard/job-shard.ts';
import type { JobSnapshot } from '../ports/job-shard/snapshot.ts';
import { missingScope } from '../access/require-scope.ts';
import { readValue } from '../values/resolve-scope.ts';
import { done, refuseAt, type Result } from '../result.ts';
import { reusableSteps, stepsThatRan } from './reusable-steps.ts';

export type RerunInput = Omit<CreateOptions, 'webhook'> & {
  readonly jobId: string;
  /** Steps before this one are taken over; null runs everything again. */
  readonly fromStep: string | null;
  /** Null is the version of the job that is run again. */
  readonly version: number | null;
  /** These replace those of the job that is run again. */
  readonly input?: Json | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Null for none. */
  readonly webhook?: JobWebhook | null | undefined;
};

/**
 * Runs a job again, as a new job that is linked to it. Recorded outputs before `fromStep` are copied into the new
 * job and cost nothing; the old job stays as it is.
 */
export async function rerunJob(
  deps: CreateDeps,
  actor: Actor,
  rerun: RerunInput,
): Promise<Result<Submitted>> {
  const refused = missingScope(actor, 'jobs:write');
  if (refused !== null) return refused;
  const { jobId, fromStep, version, input, metadata, tags, timeouts, cancelAfter, cache } = rerun;
  const key = await hashedKey(deps.machine, actor, rerun.idempotencyKey, {
    rerun: jobId,
    fromStep,
    version,
    input,
    metadata,
    tags,
    timeouts,
    cancelAfter,
    cache,
    webhook: rerun.webhook,
  });
  return createOnce(deps, actor, key, () => orderOf(deps, actor, rerun));
}

async function orderOf(deps: CreateDeps, actor: Actor, rerun: RerunInput): Promise<Result<Order>> {
  const original = await originalOf(deps, actor, rerun);
  if (!original.ok) return original;
  const { old } = original.value;
  const { birth } = old.state;
  const found = await versionOf(deps, actor, rerun, old);
  if (!found.ok) return found;
  const input = await inputOf(deps, rerun, old);
  if (!input.ok) return input;
  const refused =
    inputRefusal(found.value, input.value) ?? (await webhookRefusal(deps, rerun.webhook));
  if (refused !== null) return refused;
  const reused = await reusedValues(deps, original.value, found.value, rerun.fromStep);
  if (!reused.ok) return reused;
  return done({
    ...rerun,
    found: found.value,
    input: input.value,
    metadata: rerun.metadata ?? birth.metadata,
    tags: rerun.tags ?? birth.tags,
    webhook: webhookOf(rerun, birth.webhook),
    rerun: { of: { jobId: birth.id, fromStep: rerun.fromStep }, reused: reused.value },
  });
}

/** Those who were told of the old job are told of the new one, unless the rerun says otherwise. */
function webhookOf({ webhook }: RerunInput, old: JobWebhook | undefined): JobWebhook | undefined {
  return webhook === undefined ? old : (webhook ?? undefined);
}

/** The job that is run again, and its home. */
type Original = { readonly old: JobSnapshot; readonly shard: JobShard };

async function originalOf(
  { shards }: CreateDeps,
  actor: Actor,
  { jobId, input }: RerunInput,
): Promise<Result<Original>> {
  const home = homeOf(shards, actor, jobId);
  if (!home.ok) return home;
  const { id, shard } = home.value;
  const old = await shard.read({ jobId: id, include: input === undefined ? ['input'] : [] });
  if (old === null) return noSuchJob(jobId);
  const { status } = old.state;
  if (isTerminal(status)) return done({ old, shard });
  const message = `${id} is ${status}; wait until it is over, or cancel it first`;
  return refuseAt('conflict', '/path/job_id', message);
}

async function versionOf(
  deps: CreateDeps,
  { project }: Actor,
  { version, fromStep }: RerunInput,
  old: JobSnapshot,
): Promise<Result<FoundPipeline>> {
  const { birth } = old.state;
  const reference = `${birth.pipeline}@${version ?? birth.version}`;
  const found = await findPipeline(deps, project, reference, '/version');
  if (!found.ok) return found;
  return fromStepRefusal(found.value, old, fromStep) ?? found;
}

/** The step from which on it runs again has to exist, and its turn has to have come. */
function fromStepRefusal(
  { plan, version }: FoundPipeline,
  { state }: JobSnapshot,
  fromStep: string | null,
): Result<never> | null {
  if (fromStep === null) return null;
  const name = JSON.stringify(fromStep);
  if (!plan.byId.has(fromStep)) {
    const known = plan.definition.steps.map(({ id }) => id).join(', ');
    const message = `${version.name}@${version.version} has no step ${name}; its steps are ${known}`;
    return refuseAt('conflict', '/from_step', message);
  }
  const ran = stepsThatRan(state);
  if (ran.includes(fromStep)) return null;
  const which =
    ran.length === 0 ? 'none of its steps ran' : `the steps that ran are ${ran.join(', ')}`;
  const message = `step ${name} never ran in ${state.birth.id}; ${which}. Rerun from one of those, or leave from_step out`;
  return refuseAt('conflict', '/from_step', message);
}

async function inputOf(
  { objects }: CreateDeps,
  { input }: RerunInput,
  old: JobSnapshot,
): Promise<Result<Json>> {
  if (input !== undefined) return done(input);
  const { payloadsErased, payloads } = old;
  const recorded =
    payloadsErased || payloads.input === undefined
      ? undefined
      : await readValue(objects, payloads.input);
  return recorded === undefined ? erased(old, 'its input') : done(recorded);
}

function erased({ state }: JobSnapshot, what: string): Result<never> {
  const mend =
    what === 'its input'
      ? 'send the input with the rerun'
      : 'leave from_step out, and send the input with the rerun';
  const message = `the payloads of ${state.birth.id} have been erased at the end of their retention, ${what} with them; ${mend}`;
  return refuseAt('conflict', '/path/job_id', message);
}

/** Reads the outputs that are taken over, one at a time: each may be as large as one answer may be. */
async function reusedValues(
  deps: CreateDeps,
  { old, shard }: Original,
  { plan }: FoundPipeline,
  fromStep: string | null,
): Promise<Result<readonly ReusedValue[]>> {
  if (fromStep === null) return done([]);
  const reused: ReusedValue[] = [];
  for (const step of reusableSteps(plan, old.state, fromStep)) {
    if (hasNoOutput(old, step)) {
      reused.push({ step, value: undefined, control: {} });
      continue;
    }
    const value = await outputOf(deps, shard, old, step);
    if (value === undefined) return erased(old, `the output of ${step}`);
    const control = controlValues(plan.byId.get(step)?.reports ?? [], value, 3);
    if (!control.ok) return refuseAt('payload_too_large', '/from_step', control.failure.message);
    reused.push({ step, value, control: control.values });
  }
  return done(reused);
}

/** True for a step that succeeds without putting anything out: neither a value nor the values of a map. */
function hasNoOutput({ state }: JobSnapshot, step: string): boolean {
  const phase = state.steps[step]?.phase;
  return phase?.status === 'succeeded' && phase.output === null && phase.items === undefined;
}

async function outputOf(
  { objects }: CreateDeps,
  shard: JobShard,
  { state }: JobSnapshot,
  step: string,
): Promise<Json | undefined> {
  const { id: jobId } = state.birth;
  const now = await shard.read({ jobId, include: ['step_outputs'], steps: [step] });
  const read = now?.payloads.steps?.[step];
  return read === undefined ? undefined : readValue(objects, read);
}
