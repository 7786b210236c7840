import { z } from 'zod';

import { DAY_MS, HOUR_MS, hourOf, MINUTE_MS } from '../../services/metrics/facts/fact.ts';
import type { Rollup } from '../../services/metrics/rollup/series.ts';
import { fromStored, storedText } from '../../services/metrics/rollup/stored-rollup.ts';
import type { HourSums, MetricUnit, MinuteSums } from '../../services/ports/metrics-store.ts';
import { sumFacts, type FactDeps } from './minute-facts.ts';

const sumsRow = z.object({ sources: z.number(), body: z.string() });

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
  { rollup, sources, rowsRead }: MinuteSums,
): Promise<boolean> {
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
      .bind(project, atMs, rowsRead, hourOf(atMs)),
    db
      .prepare(
        `DELETE FROM metric_marks
         WHERE grain = 'minute' AND at = ?2 AND project = ?1 AND ${NO_FACTS_CAME}`,
      )
      .bind(project, atMs, rowsRead),
  ]);
  return (results[2]?.meta.changes ?? 0) > 0;
}

/**
 * No setting has sums of minutes deleted sooner: older hours are made of the facts themselves. What the setting says today is
 * no measure, for minutes were deleted under that of another day.
 */
const MINUTES_GONE_AFTER_MS = DAY_MS - 2 * HOUR_MS;

/** The minutes of an hour; its facts where minutes may be gone. */
export async function partsOf(deps: FactDeps, hour: MetricUnit): Promise<HourSums> {
  if (hour.atMs < deps.nowMs() - MINUTES_GONE_AFTER_MS) return partsFromFacts(deps, hour);
  const { results } = await deps.db
    .prepare(
      `SELECT sources, body FROM metric_rollups
       WHERE project = ?1 AND grain = 'minute' AND at >= ?2 AND at < ?3`,
    )
    .bind(hour.project, hour.atMs, hour.atMs + HOUR_MS)
    .all();
  const rows = results.map((row) => sumsRow.parse(row));
  return {
    rollups: rows.map(({ body }) => fromStored(JSON.parse(body))),
    sources: rows.reduce((sum, { sources }) => sum + sources, 0),
    factRows: null,
  };
}

async function partsFromFacts(deps: FactDeps, { project, atMs }: MetricUnit): Promise<HourSums> {
  const rollups: Rollup[] = [];
  let [sources, factRows] = [0, 0];
  for (let minuteMs = atMs; minuteMs < atMs + HOUR_MS; minuteMs += MINUTE_MS) {
    const minute = await sumFacts(deps, project, minuteMs);
    rollups.push(minute.rollup);
    sources += minute.sources;
    factRows += minute.rowsRead;
  }
  return { rollups, sources, factRows };
}

const SAME_MINUTES = `
(SELECT coalesce(sum(sources), 0) FROM metric_rollups
  WHERE project = ?1 AND grain = 'minute' AND at >= ?2 AND at < ?2 + ${HOUR_MS}) = ?3`;
const SAME_FACTS = `
(SELECT count(*) FROM metric_facts
  WHERE project = ?1 AND minute >= ?2 AND minute < ?2 + ${HOUR_MS}) = ?3`;

export async function storeHour(
  db: D1Database,
  { project, atMs }: MetricUnit,
  rollup: Rollup,
  { sources, factRows }: HourSums,
): Promise<boolean> {
  const nothingCame = factRows === null ? SAME_MINUTES : SAME_FACTS;
  const unchanged = [project, atMs, factRows ?? sources] as const;
  const results = await db.batch([
    db
      .prepare(
        `INSERT INTO metric_rollups (project, grain, at, sources, body)
         SELECT ?1, 'hour', ?2, ?4, ?5 WHERE ${nothingCame} ${KEEP_NEWEST}`,
      )
      .bind(...unchanged, sources, storedText(rollup)),
    db
      .prepare(
        `DELETE FROM metric_marks
         WHERE grain = 'hour' AND at = ?2 AND project = ?1 AND ${nothingCame}`,
      )
      .bind(...unchanged),
  ]);
  return (results[1]?.meta.changes ?? 0) > 0;
}
