import { hasSucceeded } from '../../domain/job/job.ts';
import type { Json } from '../../domain/json.ts';
import { compileTemplate, fillTemplate } from '../../engine/expression/template.ts';
import type { JobSnapshot } from '../ports/job-shard/snapshot.ts';
import type { Objects } from '../ports/values/objects.ts';
import { contextScope, scopeOf } from './resolve-scope.ts';

/** What a job's output mapping gives; null while it has not succeeded, and once its payloads are erased. */
export async function jobOutput(
  objects: Objects,
  { state, definition, outputReads, payloadsErased }: JobSnapshot,
): Promise<Json> {
  if (!hasSucceeded(state.status) || payloadsErased || definition.output === undefined) return null;
  const { birth } = state;
  const scope = await scopeOf(objects, contextScope({ ...birth, jobId: birth.id }), outputReads);
  const template = compileTemplate(definition.output, [], []);
  const filled = fillTemplate(template, scope, 'null');
  return filled.ok ? filled.value : null;
}
