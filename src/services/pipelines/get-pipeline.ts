import type { Actor } from '../../domain/access.ts';
import { findPipeline, type FoundPipeline } from './find-pipeline.ts';
import type { PlanCache } from './plan-cache.ts';
import type { Pipelines, PipelineVersion } from '../ports/pipelines.ts';
import { missingScope } from '../access/require-scope.ts';
import { pageOf, type Page } from '../page.ts';
import { done, type Result } from '../result.ts';

export type PipelineDeps = { readonly pipelines: Pipelines; readonly plans: PlanCache };

/** A pipeline's newest version, or the one that `name@3` names, with its definition. */
export async function getPipeline(
  deps: PipelineDeps,
  actor: Actor,
  reference: string,
): Promise<Result<FoundPipeline>> {
  const refused = missingScope(actor, 'pipelines:read');
  return refused ?? findPipeline(deps, actor.project, reference, '/path/name');
}

/** The newest version of every pipeline, by name. */
export async function listPipelines(
  { pipelines }: Pick<PipelineDeps, 'pipelines'>,
  actor: Actor,
  after: string | null,
  limit: number,
): Promise<Result<Page<PipelineVersion>>> {
  const refused = missingScope(actor, 'pipelines:read');
  if (refused !== null) return refused;
  const found = await pipelines.list(actor.project, after, limit + 1);
  return done(pageOf(found, limit, ({ name }) => name));
}
