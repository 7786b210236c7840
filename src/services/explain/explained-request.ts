import type { Actor } from '../../domain/access.ts';
import { parsePipelineReference } from '../../domain/definition/pipeline-reference.ts';
import type { Violation } from '../../domain/job/failure.ts';
import { jsonPointer, type Json } from '../../domain/json.ts';
import { inputFilesRefusal } from '../files/check-input-files.ts';
import { inputRefusal } from '../jobs/create-job.ts';
import { jobFlow } from '../jobs/job-flow.ts';
import { findPipeline, type FoundPipeline } from '../pipelines/find-pipeline.ts';
import type { PlanCache } from '../pipelines/plan-cache.ts';
import type { Files } from '../ports/values/files.ts';
import type { Pipelines } from '../ports/pipelines.ts';
import { refuse, refuseAt, type Result } from '../result.ts';
import { controlValues } from '../values/control-values.ts';
import type { Included } from './step-explanation.ts';

/** What an explanation is asked of, and what a submit of the same would be refused for. */

export type ExplainInput = {
  /** `name`, or `name@3`. */
  readonly pipeline: string;
  readonly version: number | null;
  readonly input: Json;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  /** Samples of what steps put out, by step id. */
  readonly outputs: Readonly<Record<string, Json>>;
  readonly include: readonly Included[];
};

type RequestDeps = {
  readonly pipelines: Pipelines;
  readonly plans: PlanCache;
  readonly files?: Pick<Files, 'head'>;
};

export async function findExplained(
  deps: RequestDeps,
  { project }: Actor,
  { pipeline, version }: ExplainInput,
): Promise<Result<FoundPipeline>> {
  const named = parsePipelineReference(pipeline);
  if (version !== null && named.version !== null && named.version !== version) {
    const message = `is ${version}, and the path says ${named.version}; make them equal or leave one out`;
    return refuseAt('invalid_request', '/version', message);
  }
  const wanted = version ?? named.version;
  const reference = wanted === null ? named.name : `${named.name}@${wanted}`;
  return findPipeline(deps, project, reference, version === null ? '/path/name' : '/version');
}

export function strayOutputs(
  { byId }: FoundPipeline['plan'],
  { outputs }: ExplainInput,
): Result<never> | null {
  const violations = Object.keys(outputs)
    .filter((id) => !byId.has(id))
    .map((id) => {
      const message = `there is no step ${JSON.stringify(id)}; there are ${[...byId.keys()].join(', ')}`;
      return { pointer: jsonPointer(['outputs', id]), code: 'reference', message };
    });
  if (violations.length === 0) return null;
  return refuse('invalid_request', 'a sample is given for a step that there is not', {
    violations,
  });
}

/** Everything that a submit of the input would be refused for. */
export async function submitErrors(
  { files }: RequestDeps,
  { project }: Actor,
  found: FoundPipeline,
  { input, metadata }: ExplainInput,
): Promise<readonly Violation[]> {
  const { plan } = found;
  const schema = plan.definition.input?.schema;
  const control = controlValues(plan.inputReports, input, 1);
  const large = control.ok
    ? null
    : refuseAt('payload_too_large', '/input', control.failure.message);
  const named =
    files === undefined || schema === undefined
      ? null
      : await inputFilesRefusal(files, project, schema, input);
  const flow = jobFlow(found, { input, metadata, priority: null, projectLimit: null });
  const refusals = [inputRefusal(found, input), large, named, flow];
  return refusals.flatMap((refusal) =>
    refusal === null || refusal.ok ? [] : (refusal.failure.violations ?? []),
  );
}
