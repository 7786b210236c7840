import type { Actor } from '../../domain/access.ts';
import type { Json } from '../../domain/json.ts';
import {
  createOnce,
  inputRefusal,
  type CreateDeps,
  type CreateOptions,
  type Order,
  type Submitted,
} from './create-job.ts';
import { findPipeline, type FoundPipeline } from '../pipelines/find-pipeline.ts';
import { webhookRefusal } from './check-webhook.ts';
import { hashedKey } from './idempotency.ts';
import { inputFilesRefusal } from '../files/check-input-files.ts';
import { missingScope } from '../access/require-scope.ts';
import { done, type Result } from '../result.ts';

export type SubmitInput = CreateOptions & {
  /** `name`, or `name@3`. */
  readonly pipeline: string;
  readonly input: Json;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
};

/** Creates a job, or finds the one that the same idempotency key has created before. */
export async function submitJob(
  deps: CreateDeps,
  actor: Actor,
  submit: SubmitInput,
): Promise<Result<Submitted>> {
  const refused = missingScope(actor, 'jobs:write');
  if (refused !== null) return refused;
  const { pipeline, input, metadata, tags, timeouts, cancelAfter, priority, cache, webhook } =
    submit;
  const options = { timeouts, cancelAfter: cancelAfter ?? undefined, priority, cache, webhook };
  const sent = { pipeline, input, metadata, tags, ...options };
  const key = await hashedKey(deps.machine, actor, submit.idempotencyKey, sent);
  return createOnce(deps, actor, key, () => orderOf(deps, actor, submit));
}

async function orderOf(
  deps: CreateDeps,
  actor: Actor,
  submit: SubmitInput,
): Promise<Result<Order>> {
  const found = await findPipeline(deps, actor.project, submit.pipeline, '/pipeline');
  if (!found.ok) return found;
  const refused =
    inputRefusal(found.value, submit.input) ??
    (await filesRefusal(deps, actor, found.value, submit.input)) ??
    (await webhookRefusal(deps, submit.webhook));
  return refused ?? done({ ...submit, found: found.value, rerun: null });
}

/** Null when every file that the input names is there. */
async function filesRefusal(
  { files }: CreateDeps,
  { project }: Actor,
  { plan }: FoundPipeline,
  input: Json,
): Promise<Result<never> | null> {
  const schema = plan.definition.input?.schema;
  if (files === undefined || schema === undefined) return null;
  return inputFilesRefusal(files, project, schema, input);
}
