import type { ProjectId } from '../../domain/ids.ts';
import { parsePipelineReference } from '../../domain/definition/pipeline-reference.ts';
import type { Plan } from '../../engine/plan/plan.ts';
import type { PlanCache } from './plan-cache.ts';
import type { Pipelines, PipelineVersion } from '../ports/pipelines.ts';
import { done, refuseAt, type Result } from '../result.ts';

export type FoundPipeline = { readonly version: PipelineVersion; readonly plan: Plan };

/** Resolves `name` (the newest version) or `name@3`, which stands at `pointer`, to a compiled version. */
export async function findPipeline(
  { pipelines, plans }: { readonly pipelines: Pipelines; readonly plans: PlanCache },
  project: ProjectId,
  reference: string,
  pointer: string,
): Promise<Result<FoundPipeline>> {
  const { name, version: number } = parsePipelineReference(reference);
  const missing = async (): Promise<Result<never>> =>
    refuseAt('pipeline_not_found', pointer, await whatIsMissing(pipelines, project, name, number));
  const version = await pipelines.head(project, name, number);
  if (version === null) return missing();
  const known = plans.get(version.hash);
  if (known !== undefined) return done({ version, plan: known });
  const definition = await pipelines.definition(project, name, version.version);
  if (definition === null) return missing();
  return done({ version, plan: plans.put(version.hash, definition) });
}

async function whatIsMissing(
  pipelines: Pipelines,
  project: ProjectId,
  name: string,
  number: number | null,
): Promise<string> {
  const newest = number === null ? null : await pipelines.head(project, name, null);
  return newest === null
    ? `there is no pipeline ${JSON.stringify(name)} in this project; publish it with PUT /v1/pipelines/${name}`
    : `pipeline ${JSON.stringify(name)} has no version ${number}; its newest is ${newest.version}`;
}
