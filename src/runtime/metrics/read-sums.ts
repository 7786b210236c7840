import { z } from 'zod';

import { DEPLOYMENT, isProjectId, type ProjectId } from '../../domain/ids.ts';
import type { SetName } from '../../services/metrics/rollup/series.ts';
import { fromStored } from '../../services/metrics/rollup/stored-rollup.ts';
import type {
  Grain,
  MetricUnit,
  StoredSums,
  TimeRange,
} from '../../services/ports/metrics-store.ts';

const unitRow = z.object({ project: z.string(), at: z.number() });
const sumsRow = z.looseObject(unitRow.shape);

/** A condition on rows of all projects there are, and of the deployment, which reads the rows of each alone. */
export const EVERYWHERE = `project IN (SELECT id FROM projects UNION ALL SELECT '${DEPLOYMENT}')`;
const IN_PROJECT = 'project = ?1';

/** One query for each range; the bodies are cut down to the wanted sets inside the database. */
export async function readSums(
  db: D1Database,
  project: ProjectId | null,
  grain: Grain,
  ranges: readonly TimeRange[],
  sets: readonly SetName[],
): Promise<StoredSums[]> {
  if (ranges.length === 0) return [];
  const columns = sets.map((set) => `body->'${set}' AS ${set}`).join(', ');
  const where = project === null ? EVERYWHERE : IN_PROJECT;
  const results = await db.batch(
    ranges.map(({ fromMs, toMs }) =>
      db
        .prepare(
          `SELECT project, at, ${columns} FROM metric_rollups
           WHERE ${where} AND grain = ?2 AND at >= ?3 AND at < ?4 ORDER BY at`,
        )
        .bind(project ?? '', grain, fromMs, toMs),
    ),
  );
  return results.flatMap((result) =>
    result.results.flatMap((row) => {
      const parsed = sumsRow.parse(row);
      if (!isProjectId(parsed.project)) return [];
      const stored = sets.flatMap((set) => {
        const text = parsed[set];
        return typeof text === 'string' ? [[set, JSON.parse(text)] as const] : [];
      });
      const rollup = fromStored(Object.fromEntries(stored));
      return [{ project: parsed.project, grain, atMs: parsed.at, rollup }];
    }),
  );
}

export async function readMarks(
  db: D1Database,
  project: ProjectId | null,
  grain: Grain,
  { fromMs, toMs }: TimeRange,
  limit: number,
): Promise<MetricUnit[]> {
  const { results } = await db
    .prepare(
      `SELECT project, at FROM metric_marks
       WHERE grain = ?1 AND at >= ?2 AND at < ?3 AND (?4 = '' OR project = ?4) ORDER BY at LIMIT ?5`,
    )
    .bind(grain, fromMs, toMs, project ?? '', limit)
    .all();
  return units(grain, results);
}

export async function readDue(
  db: D1Database,
  grain: Grain,
  beforeMs: number,
  limit: number,
): Promise<MetricUnit[]> {
  const { results } = await db
    .prepare(
      'SELECT project, at FROM metric_marks WHERE grain = ? AND at < ? ORDER BY at DESC LIMIT ?',
    )
    .bind(grain, beforeMs, limit)
    .all();
  return units(grain, results);
}

export function units(grain: Grain, rows: readonly unknown[]): MetricUnit[] {
  return rows.flatMap((row) => {
    const { project, at } = unitRow.parse(row);
    return isProjectId(project) ? [{ project, grain, atMs: at }] : [];
  });
}
