import type { Actor } from '../../domain/access.ts';
import type { JobEvent } from '../../domain/job/event.ts';
import type { JobId } from '../../domain/ids.ts';
import type { Correlation } from '../../domain/job/job.ts';
import { homeOf, noSuchJob } from './get-job.ts';
import type { JobShards } from '../ports/job-shard/job-shard.ts';
import { missingScope } from '../access/require-scope.ts';
import { done, type Result } from '../result.ts';

export type EventPage = {
  readonly id: JobId;
  readonly events: readonly JobEvent[];
  readonly hasMore: boolean;
  readonly correlation: Correlation;
};

/** A job's history after an event, oldest first. */
export async function getJobEvents(
  { shards }: { readonly shards: JobShards },
  actor: Actor,
  jobId: string,
  page: { readonly afterSeq: number; readonly limit: number },
): Promise<Result<EventPage>> {
  const refused = missingScope(actor, 'jobs:read');
  if (refused !== null) return refused;
  const home = homeOf(shards, actor, jobId);
  if (!home.ok) return home;
  const answer = await home.value.shard.events({
    jobId: home.value.id,
    afterSeq: page.afterSeq,
    limit: page.limit + 1,
  });
  if (answer === null) return noSuchJob(jobId);
  return done({
    id: home.value.id,
    events: answer.events.slice(0, page.limit),
    hasMore: answer.events.length > page.limit,
    correlation: answer.correlation,
  });
}
