import type { Actor } from '../../domain/access.ts';
import type { IndexedJob, JobFilter, JobIndex } from '../ports/job-index.ts';
import { missingScope } from '../access/require-scope.ts';
import { done, type Result } from '../result.ts';

export type JobPage = {
  readonly jobs: readonly IndexedJob[];
  /** Pass as `after` for the next page; null on the last one. */
  readonly nextCursor: string | null;
};

/** Jobs of the actor's project, newest first. */
export async function listJobs(
  { jobIndex }: { readonly jobIndex: JobIndex },
  actor: Actor,
  filter: JobFilter,
  limit: number,
): Promise<Result<JobPage>> {
  const refused = missingScope(actor, 'jobs:read');
  if (refused !== null) return refused;
  const found = await jobIndex.list(actor.project, filter, limit + 1);
  const jobs = found.slice(0, limit);
  const last = jobs.at(-1);
  const nextCursor = found.length > limit && last !== undefined ? last.id : null;
  return done({ jobs, nextCursor });
}
