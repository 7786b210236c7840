import type { Actor } from '../../domain/access.ts';
import { isJobId, shardOf, type JobId } from '../../domain/ids.ts';
import type { JobShard, JobShards } from '../ports/job-shard/job-shard.ts';
import type { JobSnapshot, ReadRequest } from '../ports/job-shard/snapshot.ts';
import { missingScope } from '../access/require-scope.ts';
import { done, refuseAt, type Result } from '../result.ts';

/** Another project's job is not found: the home is looked up in the asker's own project. */
export function homeOf(
  shards: JobShards,
  { project }: Actor,
  jobId: string,
): Result<{ readonly id: JobId; readonly shard: JobShard }> {
  if (!isJobId(jobId)) return noSuchJob(jobId);
  return done({ id: jobId, shard: shards.of(project, shardOf(jobId)) });
}

export function noSuchJob(jobId: string): Result<never> {
  return refuseAt(
    'not_found',
    '/path/job_id',
    `there is no job ${JSON.stringify(jobId.slice(0, 80))} in this project`,
  );
}

/** A job as it stands now, from its home. */
export async function getJob(
  { shards }: { readonly shards: JobShards },
  actor: Actor,
  jobId: string,
  include: ReadRequest['include'],
): Promise<Result<JobSnapshot>> {
  const refused = missingScope(actor, 'jobs:read');
  if (refused !== null) return refused;
  const home = homeOf(shards, actor, jobId);
  if (!home.ok) return home;
  const snapshot = await home.value.shard.read({ jobId: home.value.id, include });
  return snapshot === null ? noSuchJob(jobId) : done(snapshot);
}
