import { shardOf, type ProjectId } from '../../../domain/ids.ts';
import { utf8Bytes } from '../../../domain/json.ts';
import type { Announcement, WebhookPayload } from '../../../domain/webhook.ts';
import { isoTime } from '../../../domain/wire.ts';
import type { JobShards } from '../../ports/job-shard/job-shard.ts';
import type { Objects } from '../../ports/values/objects.ts';
import { jobView } from '../../views/jobs/job-view.ts';

export type BodyDeps = { readonly shards: JobShards; readonly objects: Objects };

/** A body with its job takes this many bytes at most; beyond, it goes without. */
const FULL_BYTES_MAX = 256_000;

/**
 * What is POSTed: type, time and data of what happened, as Standard Webhooks has it; with `full` also the job, as it is now.
 * Null when the job has been erased.
 */
export async function buildBody(
  deps: BodyDeps,
  project: ProjectId,
  announcement: Announcement,
  payload: WebhookPayload,
): Promise<string | null> {
  const { type, atMs, jobId, data } = announcement;
  const thin = { type, timestamp: isoTime(atMs), data };
  if (payload === 'thin' || jobId === null) return JSON.stringify(thin);
  const snapshot = await deps.shards.of(project, shardOf(jobId)).read({ jobId, include: [] });
  if (snapshot === null) return null;
  const job = await jobView(deps.objects, snapshot);
  const full = JSON.stringify({ ...thin, job });
  if (utf8Bytes(full) <= FULL_BYTES_MAX) return full;
  return JSON.stringify({ ...thin, job: null, job_omitted: 'too_large' });
}
