import { z } from 'zod';

import type { ProjectId } from '../../domain/ids.ts';
import { distinct, HOUR_MS, jobFacts } from '../../services/metrics/facts/fact.ts';
import type { MetricUnit, MinuteFacts } from '../../services/ports/metrics-store.ts';
import { factsAsStored, type FactArchive } from './fact-archive.ts';

export type FactDeps = {
  readonly db: D1Database;
  readonly archive: FactArchive;
  /** How long facts stay in the database, in milliseconds. */
  readonly factsKeptMs: number;
  readonly nowMs: () => number;
};

const factRow = z.object({ batch: z.string(), body: z.string() });
const factsBody = z.array(jobFacts);
const bodyAsStored = z.array(factsAsStored);

/** Facts are read from the archive so long before they can lie there. */
const ARCHIVE_MARGIN_MS = HOUR_MS;

async function factRows(db: D1Database, project: ProjectId, minuteMs: number) {
  const { results } = await db
    .prepare('SELECT batch, body FROM metric_facts WHERE project = ? AND minute = ?')
    .bind(project, minuteMs)
    .all();
  return results.map((row) => factRow.parse(row));
}

export async function readFacts(
  { db, archive, factsKeptMs, nowMs }: FactDeps,
  project: ProjectId,
  minuteMs: number,
): Promise<MinuteFacts> {
  const rows = await factRows(db, project, minuteMs);
  const mayBeArchived = minuteMs < nowMs() - factsKeptMs + ARCHIVE_MARGIN_MS;
  const archived = mayBeArchived ? await archive.read(project, minuteMs) : [];
  const fresh = rows.flatMap(({ body }) => factsBody.parse(JSON.parse(body)));
  return { jobs: distinct([...archived, ...fresh]), rowsRead: rows.length };
}

/** What is in the archive is deleted, row by row as it was read: what came meanwhile stays. */
export async function archiveMinute(
  db: D1Database,
  archive: FactArchive,
  { project, atMs }: MetricUnit,
): Promise<boolean> {
  const rows = await factRows(db, project, atMs);
  const jobs = rows.flatMap(({ body }) => bodyAsStored.parse(JSON.parse(body)));
  if (!(await archive.add(project, atMs, jobs))) return false;
  const batches = JSON.stringify(rows.map(({ batch }) => batch));
  await db
    .prepare(
      `DELETE FROM metric_facts WHERE project = ?1 AND minute = ?2
         AND batch IN (SELECT value FROM json_each(?3))`,
    )
    .bind(project, atMs, batches)
    .run();
  return true;
}
