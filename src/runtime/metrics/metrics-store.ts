import { z } from 'zod';

import { DAY_MS } from '../../services/metrics/facts/fact.ts';
import type { RollupStore, TimeRange } from '../../services/ports/metrics-store.ts';
import { archiveMinute, sumFacts, type FactDeps } from './minute-facts.ts';
import { EVERYWHERE, readDue, readMarks, readSums, units } from './read-sums.ts';
import { partsOf, storeHour, storeMinute } from './store-sums.ts';

export type MetricsStoreDeps = FactDeps & { readonly newId: () => string };

const countRow = z.object({ n: z.number() });

const RUNS_KEPT_MS = 30 * DAY_MS;

/** A UUIDv7 begins with its moment, in milliseconds. */
function firstUuidAt(ms: number): string {
  const moment = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0');
  return `${moment.slice(0, 8)}-${moment.slice(8)}`;
}

/** What is measured, in D1 and in the archive. */
export function makeMetricsStore(deps: MetricsStoreDeps): RollupStore {
  const { db, archive } = deps;
  return {
    sums: (project, grain, ranges, sets) => readSums(db, project, grain, ranges, sets),
    marks: (project, grain, range, limit) => readMarks(db, project, grain, range, limit),
    due: (grain, beforeMs, limit) => readDue(db, grain, beforeMs, limit),
    sumFacts: (project, minuteMs) => sumFacts(deps, project, minuteMs),
    storeMinute: (unit, sums) => storeMinute(db, unit, sums),
    partsOf: (hour) => partsOf(deps, hour),
    storeHour: (hour, rollup, made) => storeHour(db, hour, rollup, made),
    mark: (range, limit) => markRange(db, range, limit),
    async minutesBefore(ms, limit) {
      const { results } = await db
        .prepare(
          `SELECT DISTINCT project, minute AS at FROM metric_facts AS fact
           WHERE ${EVERYWHERE} AND minute < ?1 AND NOT EXISTS (SELECT 1 FROM metric_marks AS mark
             WHERE mark.grain = 'minute' AND mark.at = fact.minute AND mark.project = fact.project)
           LIMIT ?2`,
        )
        .bind(ms, limit)
        .all();
      return units('minute', results);
    },
    archive: (unit) => archiveMinute(db, archive, unit),
    async deleteSums(grain, beforeMs, limit) {
      const { meta } = await db
        .prepare(
          `DELETE FROM metric_rollups WHERE (project, grain, at) IN (
             SELECT project, grain, at FROM metric_rollups
             WHERE ${EVERYWHERE} AND grain = ?1 AND at < ?2 LIMIT ?3)`,
        )
        .bind(grain, beforeMs, limit)
        .run();
      return meta.changes;
    },
    async recordRun(atMs, counts) {
      await db.batch([
        db
          .prepare('INSERT INTO metric_runs (id, at, body) VALUES (?, ?, ?)')
          .bind(deps.newId(), atMs, JSON.stringify(counts)),
        db.prepare('DELETE FROM metric_runs WHERE id < ?').bind(firstUuidAt(atMs - RUNS_KEPT_MS)),
      ]);
    },
  };
}

const IN_RANGE = `
SELECT 'minute', minute, project FROM metric_facts
  WHERE ${EVERYWHERE} AND minute >= ?1 AND minute < ?2
UNION SELECT grain, at, project FROM metric_rollups
  WHERE ${EVERYWHERE} AND grain IN ('minute', 'hour') AND at >= ?1 AND at < ?2`;

/** Marks nothing where there are too many: one statement would write them all, and everybody else waits for it. */
async function markRange(
  db: D1Database,
  { fromMs, toMs }: TimeRange,
  limit: number,
): Promise<number | null> {
  const { results } = await db
    .prepare(`SELECT count(*) AS n FROM (${IN_RANGE} LIMIT ?3)`)
    .bind(fromMs, toMs, limit + 1)
    .all();
  const [found] = results.map((row) => countRow.parse(row));
  if ((found?.n ?? 0) > limit) return null;
  const { meta } = await db
    .prepare(`INSERT INTO metric_marks (grain, at, project) ${IN_RANGE} ON CONFLICT DO NOTHING`)
    .bind(fromMs, toMs)
    .run();
  return meta.changes;
}
