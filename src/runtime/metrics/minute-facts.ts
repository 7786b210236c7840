import { z } from 'zod';

import type { ProjectId } from '../../domain/ids.ts';
import { DAY_MS, HOUR_MS, jobFacts } from '../../services/metrics/facts/fact.ts';
import { FactSum } from '../../services/metrics/rollup/fact-sum.ts';
import type { MetricUnit, MinuteSums } from '../../services/ports/metrics-store.ts';
import { factsAsStored, type FactArchive } from './fact-archive.ts';

export type FactDeps = {
  readonly db: D1Database;
  readonly archive: FactArchive;
  readonly nowMs: () => number;
};

const factRow = z.object({ batch: z.string(), body: z.string(), rows: z.number() });
type FactRow = z.infer<typeof factRow>;
const factsBody = z.array(jobFacts);
const bodyAsStored = z.array(factsAsStored);

/**
 * No setting has facts leave the database sooner: younger minutes are not looked for in the archive. What the setting says
 * today is no measure, for minutes were archived under that of another day.
 */
const ARCHIVED_AFTER_MS = DAY_MS - HOUR_MS;

/** Rows of a minute are read until they are longer than this together, in characters: a minute may have tens of megabytes. */
const PAGE_LENGTH = 1_000_000;

const PAGE = `
WITH sized AS (
  SELECT batch, count(*) OVER () AS rows,
    sum(length(body)) OVER (ORDER BY batch ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
  FROM metric_facts WHERE project = ?1 AND minute = ?2 AND batch > ?3)
SELECT fact.batch, fact.body, sized.rows FROM sized CROSS JOIN metric_facts AS fact
  ON fact.project = ?1 AND fact.minute = ?2 AND fact.batch = sized.batch
WHERE coalesce(sized.before, 0) < ${PAGE_LENGTH} ORDER BY fact.batch`;

/** The rows of a minute, some at a time; at least one list, which may be empty. */
async function* pagesOf(
  db: D1Database,
  project: ProjectId,
  minuteMs: number,
): AsyncGenerator<readonly FactRow[]> {
  let after = '';
  for (;;) {
    const { results } = await db.prepare(PAGE).bind(project, minuteMs, after).all();
    const rows = results.map((row) => factRow.parse(row));
    yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length >= last.rows) return;
    after = last.batch;
  }
}

/**
 * The sums of a minute, out of all of its facts. The database is read before the archive, so that what moves from one to
 * the other meanwhile is seen.
 */
export async function sumFacts(
  { db, archive, nowMs }: FactDeps,
  project: ProjectId,
  minuteMs: number,
): Promise<MinuteSums> {
  const sum = new FactSum();
  let rowsRead = 0;
  for await (const rows of pagesOf(db, project, minuteMs)) {
    rowsRead += rows.length;
    for (const { body } of rows) sum.add(factsBody.parse(JSON.parse(body)));
  }
  if (minuteMs < nowMs() - ARCHIVED_AFTER_MS) {
    await archive.read(project, minuteMs, (jobs) => sum.add(jobs));
  }
  return { rollup: sum.sum(), sources: sum.count, rowsRead };
}

/** What is in the archive is deleted, row by row as it was read: what came meanwhile stays. */
export async function archiveMinute(
  db: D1Database,
  archive: FactArchive,
  { project, atMs }: MetricUnit,
): Promise<boolean> {
  const add = archive.adder(project, atMs);
  for await (const rows of pagesOf(db, project, atMs)) {
    if (rows.length === 0) return true;
    const jobs = rows.flatMap(({ body }) => bodyAsStored.parse(JSON.parse(body)));
    if (!(await add(jobs))) return false;
    const batches = JSON.stringify(rows.map(({ batch }) => batch));
    await db
      .prepare(
        `DELETE FROM metric_facts WHERE project = ?1 AND minute = ?2
           AND batch IN (SELECT value FROM json_each(?3))`,
      )
      .bind(project, atMs, batches)
      .run();
  }
  return true;
}
