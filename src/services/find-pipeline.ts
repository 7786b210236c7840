import type { ProjectId } from '../domain/ids.ts';
import type { Plan } from '../engine/plan.ts';
import type { PlanCache } from './plan-cache.ts';
import type { Pipelines, PipelineVersion } from './ports/pipelines.ts';
import { done, refuse, type Result } from './result.ts';

export type FoundPipeline = { readonly version: PipelineVersion; readonly plan: Plan };

/** Resolves `name` (the newest version) or `name@3` to a compiled version. */
export async function findPipeline(
  { pipelines, plans }: { readonly pipelines: Pipelines; readonly plans: PlanCache },
  project: ProjectId,
  reference: string,
): Promise<Result<FoundPipeline>> {
  const { name, number } = parseReference(reference);
  const version = await pipelines.head(project, name, number);
  if (version === null) return notFound(pipelines, project, name, number);
  const known = plans.get(version.hash);
  if (known !== undefined) return done({ version, plan: known });
  const definition = await pipelines.definition(project, name, version.version);
  if (definition === null) return notFound(pipelines, project, name, number);
  return done({ version, plan: plans.put(version.hash, definition) });
}

function parseReference(reference: string): {
  readonly name: string;
  readonly number: number | null;
} {
  const match = /^(.*)@(\d{1,9})$/.exec(reference);
  if (match?.[1] === undefined) return { name: reference, number: null };
  return { name: match[1], number: Number(match[2]) };
}

async function notFound(
  pipelines: Pipelines,
  project: ProjectId,
  name: string,
  number: number | null,
): Promise<Result<never>> {
  const newest = number === null ? null : await pipelines.head(project, name, null);
  const message =
    newest === null
      ? `there is no pipeline ${JSON.stringify(name)} in this project; publish it with PUT /v1/pipelines/${name}`
      : `pipeline ${JSON.stringify(name)} has no version ${number}; its newest is ${newest.version}`;
  return refuse('pipeline_not_found', message, {
    violations: [{ pointer: '/pipeline', code: 'not_found', message }],
  });
}
