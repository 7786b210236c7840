import { DAY_MS } from '../../services/metrics/facts/fact.ts';
import type { RollupStore, TimeRange } from '../../services/ports/metrics-store.ts';
import { archiveMinute, readFacts } from './minute-facts.ts';
import { EVERYWHERE, readMarks, readSums, units } from './read-sums.ts';
import { minutesOf, storeHour, storeMinute, type SumDeps } from './store-sums.ts';

export type MetricsStoreDeps = SumDeps & { readonly newId: () => string };

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
    facts: (project, minuteMs) => readFacts(deps, project, minuteMs),
    storeMinute: (unit, facts, rollup) => storeMinute(db, unit, facts, rollup),
    minutesOf: (hour) => minutesOf(deps, hour),
    storeHour: (hour, rollup, sources) => storeHour(deps, hour, rollup, sources),
    mark: (range) => markRange(db, range),
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

async function markRange(db: D1Database, { fromMs, toMs }: TimeRange): Promise<number> {
  const { meta } = await db
    .prepare(
      `INSERT INTO metric_marks (grain, at, project)
       SELECT 'minute', minute, project FROM metric_facts
         WHERE ${EVERYWHERE} AND minute >= ?1 AND minute < ?2
       UNION SELECT grain, at, project FROM metric_rollups
         WHERE ${EVERYWHERE} AND grain IN ('minute', 'hour') AND at >= ?1 AND at < ?2
       ON CONFLICT DO NOTHING`,
    )
    .bind(fromMs, toMs)
    .run();
  return meta.changes;
}
