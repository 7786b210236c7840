import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A job's row, copied under another id; the id stands in its columns and in the texts. */
const COPY_JOBS = `
  WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1),
    copies AS MATERIALIZED (SELECT substr(?2, 1, 16) || lower(hex(randomblob(10))) || substr(?2, -2) AS id FROM numbers)
  INSERT INTO jobs (job_id, due_at, state, book, tail, inline)
  SELECT copies.id, due_at, replace(state, ?2, copies.id), book, tail, inline
  FROM copies, jobs WHERE job_id = ?2`;

/**
 * Fills the shards of a stopped runtime with copies of their own finished jobs, and D1 with the rows that such jobs
 * have there. Gives how many jobs were stored.
 */
export function seedFinishedJobs(persistTo: string, jobs: number): number {
  const shards = databasesWith(join(persistTo, 'do', '-JobShardObject'), 'jobs');
  const each = Math.ceil(jobs / shards.length);
  for (const db of shards) {
    const newest = db
      .prepare(
        `SELECT job_id FROM jobs WHERE state LIKE '%"succeeded"%' AND due_at > ?1 ORDER BY job_id DESC LIMIT 1`,
      )
      .get(Date.now() + 60_000) as { job_id: string } | undefined;
    if (newest === undefined) throw new Error('a shard has no finished job to copy');
    db.prepare(COPY_JOBS).run(each, newest.job_id);
    db.close();
  }
  for (const db of databasesWith(join(persistTo, 'd1'), 'model_calls')) seedHistory(db, jobs);
  return each * shards.length;
}

/** The rows that a job has in D1, so many times. */
function seedHistory(db: DatabaseSync, jobs: number): void {
  const { id } = db.prepare(`SELECT id FROM jobs WHERE status = 'succeeded' LIMIT 1`).get() as {
    id: string;
  };
  db.exec('CREATE TEMP TABLE copies (id TEXT PRIMARY KEY)');
  db.prepare(
    `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
     INSERT INTO copies SELECT substr(?2, 1, 16) || lower(hex(randomblob(10))) || substr(?2, -2) FROM numbers`,
  ).run(jobs, id);
  for (const [table, column] of [
    ['jobs', 'id'],
    ['events', 'job_id'],
  ] as const) {
    const columns = db.prepare(`SELECT name FROM pragma_table_info('${table}')`).all() as {
      name: string;
    }[];
    const list = columns.map(({ name }) => `"${name}"`).join(', ');
    const values = columns
      .map(({ name }) => (name === column ? 'copies.id' : `${table}."${name}"`))
      .join(', ');
    db.prepare(
      `INSERT INTO ${table} (${list}) SELECT ${values} FROM copies, ${table} WHERE ${table}."${column}" = ?1`,
    ).run(id);
  }
}

/** The databases below a folder that have a certain table. */
function databasesWith(folder: string, table: string): DatabaseSync[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(?!.*metadata).*\.sqlite$/.test(name))
    .map((name) => join(folder, name));
  return files.flatMap((file) => {
    const db = new DatabaseSync(file);
    const found = db
      .prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1`)
      .get(table);
    if (found !== undefined) return [db];
    db.close();
    return [];
  });
}
