import type { Actor } from '../../domain/access.ts';
import { missingScope } from '../access/require-scope.ts';
import { homeOf, noSuchJob } from '../jobs/get-job.ts';
import type { JobShards } from '../ports/job-shard/job-shard.ts';
import { done, refuseAt, type Result } from '../result.ts';
import { HISTORY_PAGE, type FollowFrom } from './follow-job.ts';

/** Where a client wants to go on: what it sent, and the place where that stands in its request. */
export type ResumePoint = { readonly text: string; readonly pointer: string };

/**
 * Says from where on a job is followed, or why not, before anything is streamed. Null for a job that is over when the
 * client has seen all of it.
 */
export async function openJobStream(
  { shards }: { readonly shards: JobShards },
  actor: Actor,
  jobId: string,
  resume: ResumePoint | null,
): Promise<Result<FollowFrom | null>> {
  const refused = missingScope(actor, 'jobs:read');
  if (refused !== null) return refused;
  const home = homeOf(shards, actor, jobId);
  if (!home.ok) return home;
  const afterSeq = seqOf(resume);
  if (afterSeq === null) return notAnId(resume);
  const { id, shard } = home.value;
  const page = await shard.events({ jobId: id, afterSeq, limit: HISTORY_PAGE });
  if (page === null) return noSuchJob(jobId);
  const { seq = afterSeq } = page;
  if (afterSeq > seq) return neverExisted(resume, seq);
  const seen = resume !== null && page.over === true && page.events.length === 0;
  return done(seen ? null : { project: actor.project, jobId: id, afterSeq, page });
}

/** The number of the event to go on after; null for what cannot be one. */
function seqOf(resume: ResumePoint | null): number | null {
  if (resume === null) return 0;
  return /^\d{1,15}$/.test(resume.text) ? Number(resume.text) : null;
}

function notAnId(resume: ResumePoint | null): Result<never> {
  const given = JSON.stringify((resume?.text ?? '').slice(0, 40));
  const message = `${given} is not the id of an event; ids of a job's events are whole numbers: send the last one you have seen, or none to begin anew`;
  return refuseAt('invalid_request', resume?.pointer ?? '', message);
}

function neverExisted(resume: ResumePoint | null, seq: number): Result<never> {
  const message = `there is no event ${(resume?.text ?? '').slice(0, 40)} in this job, whose last one is ${seq}; send the id of an event of this job, or none to begin anew`;
  return refuseAt('invalid_request', resume?.pointer ?? '', message);
}
