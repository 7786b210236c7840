import { z } from 'zod';

import { isProjectId } from '../../domain/ids.ts';
import { MINUTE_MS } from '../../services/metrics/facts/fact.ts';
import type { SampleStore, WaitingJobs } from '../../services/ports/sample-store.ts';
import { statementsOfFacts } from '../d1/fact-rows.ts';
import { LISTED_AFTER_MS } from '../job-shard/waiting.ts';

/** For so many minutes after it was last called a target is in use. */
const IN_USE_MINUTES = 15;
/** Minutes that the roll-up has not summed up yet: that of now, the one before, and one in which a run was missed. */
const FRESH_MINUTES = 3;
/** What is beyond is seen two minutes later, in sums. */
const FRESH_ROWS_MAX = 2_000;
/** Sums of a minute and project that are looked into, the newest first: in them is what many projects share. */
const SUMS_MAX = 1_000;

const waitingRow = z.object({
  project: z.string(),
  jobs: z.number(),
  since: z.number().nullable(),
});
const targetRow = z.object({ provider: z.string(), model: z.string() });

/**
 * Jobs that history tells to wait for a runner; without the hint D1 would read every waiting job of all kinds. The number of
 * a wait that is told is its moment and how long it had to last (`runtime/job-shard/waiting.ts`).
 */
const WAITING = `
SELECT projects.id AS project, count(*) AS jobs,
  min(coalesce(job.waiting_version - ${LISTED_AFTER_MS}, job.created_at)) AS since
FROM projects CROSS JOIN jobs AS job INDEXED BY jobs_waiting
  ON job.project = projects.id AND job.waiting_kind = 'runner'
GROUP BY projects.id ORDER BY since LIMIT ?1`;

/** Projects whose sample of a minute had such jobs. */
const WAITED = `
SELECT projects.id AS project, 0 AS jobs, NULL AS since
FROM projects CROSS JOIN metric_facts AS fact ON fact.project = projects.id
WHERE fact.minute = ?1 AND fact.batch = ?2 AND fact.body->>'$[0].facts[0].jobs' > 0
LIMIT ?3`;

/** Out of the sums of minutes, and of the facts of those that have none yet. Which sums, is found by their keys alone. */
const USED = `
WITH newest (project, at) AS (
  SELECT sums.project, sums.at FROM projects CROSS JOIN metric_rollups AS sums ON sums.project = projects.id
  WHERE sums.grain = 'minute' AND sums.at >= ?1 AND sums.at <= ?3
  ORDER BY sums.at DESC LIMIT ${SUMS_MAX}),
used (at, provider, model) AS (
  SELECT sums.at, series.value->>'$[0][3]', series.value->>'$[0][4]'
  FROM newest CROSS JOIN metric_rollups AS sums
    ON sums.project = newest.project AND sums.grain = 'minute' AND sums.at = newest.at,
    json_each(sums.body, '$.attempts') AS series
  UNION ALL
  SELECT come.minute, fact.value->>'provider', fact.value->>'model'
  FROM (SELECT minute, body FROM projects CROSS JOIN metric_facts ON project = projects.id
      WHERE minute >= ?2 AND minute <= ?3 LIMIT ${FRESH_ROWS_MAX}) AS come,
    json_each(come.body) AS job, json_each(job.value, '$.facts') AS fact)
SELECT provider, model FROM used WHERE provider <> '' AND model <> ''
GROUP BY provider, model ORDER BY max(at) DESC, count(*) DESC, provider, model LIMIT ?4`;

/** Samples in D1. */
export function makeSampleStore(db: D1Database): SampleStore {
  return {
    async waiting(minuteMs, limit) {
      const before = minuteMs - MINUTE_MS;
      const [waiting, waited] = await db.batch([
        db.prepare(WAITING).bind(limit),
        db.prepare(WAITED).bind(before, batchOf(before), limit),
      ]);
      const found = waitingJobs(waiting?.results ?? []);
      const known = new Set(found.map(({ project }) => project));
      const ended = waitingJobs(waited?.results ?? []).filter(({ project }) => !known.has(project));
      return [...found, ...ended];
    },
    async usedTargets(minuteMs, limit) {
      const since = (minutes: number): number => minuteMs - minutes * MINUTE_MS;
      const { results } = await db
        .prepare(USED)
        .bind(since(IN_USE_MINUTES), since(FRESH_MINUTES - 1), minuteMs, limit)
        .all();
      return results.map((row) => targetRow.parse(row));
    },
    async keep(minuteMs, seen) {
      const batch = batchOf(minuteMs);
      const owned = [...seen].map(([project, facts]) => ({
        project,
        facts: { job: batch, pipeline: '', version: 0, facts: [...facts] },
      }));
      const [written] = await db.batch(statementsOfFacts(db, owned, batch));
      return (written?.meta.changes ?? 0) > 0;
    },
  };
}

function waitingJobs(rows: readonly unknown[]): WaitingJobs[] {
  return rows.flatMap((row) => {
    const { project, jobs, since } = waitingRow.parse(row);
    return isProjectId(project) ? [{ project, jobs, oldestSinceMs: since }] : [];
  });
}

/** The same for every run of the schedule that is for this minute; names its facts as well as its rows. */
function batchOf(minuteMs: number): string {
  return `sample_${minuteMs}`;
}
