import type { Actor } from '../../domain/access.ts';
import { homeOf } from '../jobs/get-job.ts';
import type { JobShards } from '../ports/job-shard/job-shard.ts';
import type { JobSnapshot } from '../ports/job-shard/snapshot.ts';
import type { Objects } from '../ports/values/objects.ts';
import { missingScope } from '../access/require-scope.ts';
import { done, refuseAt, type Result } from '../result.ts';
import { comparisonOf, comparisonWithNothing } from '../views/jobs/comparison.ts';
import type { ComparisonView } from '../views/jobs/comparison-schema.ts';
import { jobView } from '../views/jobs/job-view.ts';
import type { JobView } from '../views/jobs/job-schema.ts';

/** Compares a rerun, as it stands, with the job that it runs again. */
export async function compareWithOriginal(
  { shards, objects }: { readonly shards: JobShards; readonly objects: Objects },
  actor: Actor,
  { state }: JobSnapshot,
  view: JobView,
): Promise<Result<ComparisonView>> {
  const refused = missingScope(actor, 'jobs:read');
  if (refused !== null) return refused;
  const { id, rerunOf } = state.birth;
  if (rerunOf === undefined) {
    const message = `${id} is not a rerun, so there is nothing to compare it with; make one with POST /v1/jobs/${id}/rerun`;
    return refuseAt('conflict', '/query/compare', message);
  }
  const home = homeOf(shards, actor, rerunOf.jobId);
  if (!home.ok) return home;
  const original = await home.value.shard.read({ jobId: home.value.id, include: [] });
  if (original === null) return done(comparisonWithNothing(rerunOf.jobId));
  return done(comparisonOf(await jobView(objects, original), view));
}
