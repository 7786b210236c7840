import { z } from 'zod';

import { isProjectId } from '../domain/ids.ts';
import type { JobShards } from '../services/ports/job-shard/job-shard.ts';
import { inLanes } from '../services/in-lanes.ts';
import { errorName, type Log } from '../services/ports/log.ts';
import type { AnnounceDeps } from '../services/webhooks/delivering/announce.ts';
import { DELIVERY_KEPT_MS } from '../services/webhooks/schedule.ts';
import { erasePersonalFeedback } from './d1/feedback.ts';

export type CronDeps = {
  readonly db: D1Database;
  readonly shards: JobShards;
  readonly log: Log;
  /** Where deliveries lie; absent where nobody is told of anything. */
  readonly receivers?: Pick<AnnounceDeps, 'deliveriesOf'>;
};

const DELETE_AT_ONCE = 500;
/** Deliveries that are not kept any more are removed within a day. */
const SWEPT_WITHIN_MS = 86_400_000;
/**
 * A copy of history that was not stale when its consumer looked may be written so much later: a consumer is given
 * 15 minutes. Only then is a job deleted, so that no late copy brings it back.
 */
const LATE_COPY_MS = 15 * 60_000;
const shardRow = z.object({ project: z.string(), shard: z.number() });
const endpointRow = z.object({ project: z.string(), id: z.string() });

/**
 * Once an hour: alarms that went missing are put back, and what has outlived its retention is deleted. The chores go side
 * by side; one that fails keeps no other from being done, and is done in the next hour.
 */
export async function hourly(deps: CronDeps, nowMs: number): Promise<void> {
  const { db, log } = deps;
  const chore = async <Done>(name: string, work: () => Promise<Done>): Promise<Done | null> => {
    try {
      return await work();
    } catch (error) {
      log('error', 'cron.chore_failed', { what: name, error: errorName(error) });
      return null;
    }
  };
  const [shards, jobs] = await Promise.all([
    chore('alarms of shards', () => ensureAlarms(deps)),
    chore('expired jobs', () => deleteExpired(deps, nowMs)),
    chore('personal feedback', () => erasePersonalFeedback(db, nowMs)),
    chore('deliveries', async () => {
      await wakeDeliveries(deps, nowMs);
      await forgetEndpoints(db, nowMs);
    }),
  ]);
  log('info', 'cron.hourly', { shards, jobs_deleted: jobs });
}

/** Calls to objects that are under way at once. */
const LANES = 6;

async function ensureAlarms({ db, shards, log }: CronDeps): Promise<number> {
  const { results } = await db.prepare('SELECT project, shard FROM known_shards').all();
  const known = results.map((row) => shardRow.parse(row));
  await inLanes(LANES, known, async ({ project, shard }) => {
    if (!isProjectId(project)) return;
    try {
      await shards.of(project, shard).ensureAlarm();
    } catch (error) {
      log('warn', 'cron.alarm_not_ensured', { project, shard, error: errorName(error) });
    }
  });
  return known.length;
}

/** Those that were deleted too, once all of their deliveries are to be removed. */
const ENDPOINTS = `
SELECT project, id FROM webhook_endpoints
UNION ALL SELECT project, id FROM removed_webhook_endpoints WHERE removed_at < ?1`;

/** Any call makes an endpoint's object look for its alarm. */
async function wakeDeliveries({ db, receivers, log }: CronDeps, nowMs: number): Promise<void> {
  if (receivers === undefined) return;
  const { results } = await db
    .prepare(ENDPOINTS)
    .bind(nowMs - DELIVERY_KEPT_MS)
    .all();
  const known = results.map((row) => endpointRow.parse(row));
  await inLanes(LANES, known, async ({ project, id }) => {
    if (!isProjectId(project)) return;
    try {
      await receivers.deliveriesOf.endpoint(project, id).get('');
    } catch (error) {
      log('warn', 'cron.deliveries_not_woken', { project, endpoint: id, error: errorName(error) });
    }
  });
}

/** Of an endpoint that was deleted so long ago nothing is kept any more. */
async function forgetEndpoints(db: D1Database, nowMs: number): Promise<void> {
  await db
    .prepare('DELETE FROM removed_webhook_endpoints WHERE removed_at < ?1')
    .bind(nowMs - DELIVERY_KEPT_MS - SWEPT_WITHIN_MS)
    .run();
}

/** Deletes jobs whose time is over, with all that belongs to them. */
async function deleteExpired({ db }: CronDeps, nowMs: number): Promise<number> {
  let deleted = 0;
  for (;;) {
    const { results } = await db
      .prepare('SELECT project, id FROM jobs WHERE expires_at <= ?1 LIMIT ?2')
      .bind(nowMs - LATE_COPY_MS, DELETE_AT_ONCE)
      .all();
    if (results.length > 0) await deleteJobs(db, JSON.stringify(results));
    deleted += results.length;
    if (results.length < DELETE_AT_ONCE) return deleted;
  }
}

async function deleteJobs(db: D1Database, rows: string): Promise<void> {
  await db.batch([
    db.prepare(`DELETE FROM events WHERE ${amongThem('project', 'job_id')}`).bind(rows),
    db.prepare(`DELETE FROM model_calls WHERE ${amongThem('project', 'job_id')}`).bind(rows),
    db
      .prepare(
        `DELETE FROM job_tags WHERE (project, tag, job_id) IN (
           SELECT job.project, tag.value, job.id
           FROM jobs AS job, json_each(job.tags) AS tag WHERE ${amongThem('job.project', 'job.id')})`,
      )
      .bind(rows),
    db.prepare(`DELETE FROM feedback WHERE ${amongThem('project', 'job_id')}`).bind(rows),
    db.prepare(`DELETE FROM jobs WHERE ${amongThem('project', 'id')}`).bind(rows),
  ]);
}

/** A condition on rows of the jobs in the bound JSON list. */
function amongThem(project: string, jobId: string): string {
  return `(${project}, ${jobId}) IN (SELECT value->>'project', value->>'id' FROM json_each(?1))`;
}
