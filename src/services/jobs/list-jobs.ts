import type { Actor } from '../../domain/access.ts';
import type { IndexedJob, JobFilter, JobIndex } from '../ports/job-index.ts';
import { missingScope } from '../access/require-scope.ts';
import { pageOf, type Page } from '../page.ts';
import { done, type Result } from '../result.ts';

/** Jobs of the actor's project, newest first. */
export async function listJobs(
  { jobIndex }: { readonly jobIndex: JobIndex },
  actor: Actor,
  filter: JobFilter,
  limit: number,
): Promise<Result<Page<IndexedJob>>> {
  const refused = missingScope(actor, 'jobs:read');
  if (refused !== null) return refused;
  const found = await jobIndex.list(actor.project, filter, limit + 1);
  return done(pageOf(found, limit, ({ id }) => id));
}
