import { z } from 'zod';

import { HOUR_MS, MINUTE_MS } from '../../services/metrics/facts/fact.ts';
import { rollUpFacts } from '../../services/metrics/rollup/roll-up-facts.ts';
import type { Rollup } from '../../services/metrics/rollup/series.ts';
import { fromStored, storedText } from '../../services/metrics/rollup/stored-rollup.ts';
import type { MetricUnit, MinuteFacts } from '../../services/ports/metrics-store.ts';
import { readFacts, type FactDeps } from './minute-facts.ts';

export type SumDeps = FactDeps & {
  /** How long the sums of minutes are kept, in milliseconds. */
  readonly minutesKeptMs: number;
};

const sourcesRow = z.object({ sources: z.number(), body: z.string() });

/** Rows of facts are only added, so as many as were read are the same. */
const NO_FACTS_CAME = `(SELECT count(*) FROM metric_facts WHERE project = ?1 AND minute = ?2) = ?3`;

/** Of the same facts the sums are the same: they are not written twice. */
const KEEP_NEWEST = `
ON CONFLICT (project, grain, at) DO UPDATE SET sources = excluded.sources, body = excluded.body
WHERE excluded.sources > metric_rollups.sources
  OR (excluded.sources = metric_rollups.sources AND excluded.body <> metric_rollups.body)`;

export async function storeMinute(
  db: D1Database,
  { project, atMs }: MetricUnit,
  { jobs, rowsRead }: MinuteFacts,
  rollup: Rollup,
): Promise<boolean> {
  const sources = jobs.reduce((sum, { facts }) => sum + facts.length, 0);
  const hour = Math.floor(atMs / HOUR_MS) * HOUR_MS;
  const results = await db.batch([
    db
      .prepare(
        `INSERT INTO metric_rollups (project, grain, at, sources, body)
         SELECT ?1, 'minute', ?2, ?4, ?5 WHERE ${NO_FACTS_CAME} ${KEEP_NEWEST}`,
      )
      .bind(project, atMs, rowsRead, sources, storedText(rollup)),
    db
      .prepare(
        `INSERT INTO metric_marks (grain, at, project)
         SELECT 'hour', ?4, ?1 WHERE ${NO_FACTS_CAME} ON CONFLICT DO NOTHING`,
      )
      .bind(project, atMs, rowsRead, hour),
    db
      .prepare(
        `DELETE FROM metric_marks
         WHERE grain = 'minute' AND at = ?2 AND project = ?1 AND ${NO_FACTS_CAME}`,
      )
      .bind(project, atMs, rowsRead),
  ]);
  return (results[2]?.meta.changes ?? 0) > 0;
}

/** Hours whose minutes may be gone, or go meanwhile, are made of the facts themselves. */
function isBeyondMinutes({ minutesKeptMs, nowMs }: SumDeps, hour: MetricUnit): boolean {
  return hour.atMs < nowMs() - minutesKeptMs + 2 * HOUR_MS;
}

export async function minutesOf(deps: SumDeps, hour: MetricUnit) {
  if (isBeyondMinutes(deps, hour)) return minutesFromFacts(deps, hour);
  const { results } = await deps.db
    .prepare(
      `SELECT sources, body FROM metric_rollups
       WHERE project = ?1 AND grain = 'minute' AND at >= ?2 AND at < ?3`,
    )
    .bind(hour.project, hour.atMs, hour.atMs + HOUR_MS)
    .all();
  const rows = results.map((row) => sourcesRow.parse(row));
  return {
    rollups: rows.map(({ body }) => fromStored(JSON.parse(body))),
    sources: rows.reduce((sum, { sources }) => sum + sources, 0),
  };
}

async function minutesFromFacts(deps: SumDeps, { project, atMs }: MetricUnit) {
  const rollups: Rollup[] = [];
  let sources = 0;
  for (let minuteMs = atMs; minuteMs < atMs + HOUR_MS; minuteMs += MINUTE_MS) {
    const { jobs } = await readFacts(deps, project, minuteMs);
    sources += jobs.reduce((sum, { facts }) => sum + facts.length, 0);
    rollups.push(rollUpFacts(jobs));
  }
  return { rollups, sources };
}

const SAME_MINUTES = `
(?5 = 1 OR (SELECT coalesce(sum(sources), 0) FROM metric_rollups
  WHERE project = ?1 AND grain = 'minute' AND at >= ?2 AND at < ?2 + ${HOUR_MS}) = ?3)`;

export async function storeHour(
  deps: SumDeps,
  hour: MetricUnit,
  rollup: Rollup,
  sources: number,
): Promise<boolean> {
  const { db } = deps;
  const unchecked = isBeyondMinutes(deps, hour) ? 1 : 0;
  const { project, atMs } = hour;
  const results = await db.batch([
    db
      .prepare(
        `INSERT INTO metric_rollups (project, grain, at, sources, body)
         SELECT ?1, 'hour', ?2, ?3, ?4 WHERE ${SAME_MINUTES} ${KEEP_NEWEST}`,
      )
      .bind(project, atMs, sources, storedText(rollup), unchecked),
    db
      .prepare(
        `DELETE FROM metric_marks
         WHERE grain = 'hour' AND at = ?2 AND project = ?1 AND ?4 = '' AND ${SAME_MINUTES}`,
      )
      .bind(project, atMs, sources, '', unchecked),
  ]);
  return (results[1]?.meta.changes ?? 0) > 0;
}
