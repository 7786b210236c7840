import type { Actor } from '../../domain/access.ts';
import { homeOf, noSuchJob } from './get-job.ts';
import type { JobShards } from '../ports/job-shard/job-shard.ts';
import type { JobSnapshot } from '../ports/job-shard/snapshot.ts';
import { missingScope } from '../access/require-scope.ts';
import { done, type Result } from '../result.ts';

/** Stops a job. A job that is over stays as it is, and so does one that is being cancelled already. */
export async function cancelJob(
  { shards }: { readonly shards: JobShards },
  actor: Actor,
  jobId: string,
): Promise<Result<JobSnapshot>> {
  const refused = missingScope(actor, 'jobs:write');
  if (refused !== null) return refused;
  const home = homeOf(shards, actor, jobId);
  if (!home.ok) return home;
  const answer = await home.value.shard.cancel({ jobId: home.value.id, by: actor.id });
  switch (answer.kind) {
    case 'gone':
      return noSuchJob(jobId);
    case 'done':
      return done(answer.snapshot);
  }
}
