import { priorities } from '../../domain/job/flow.ts';
import { isJobId, type JobId } from '../../domain/ids.ts';
import type { FlowAsk, FlowSlot } from '../../services/ports/flow.ts';
import { integer, text, type Sql, type SqlRow } from '../job-shard/sql.ts';
import { runMigrations } from '../object-migrations.ts';

/**
 * STORED CONTRACT: a flow's tables. A released entry never changes; a new one is appended and must be additive.
 *
 * - `running` a row a job that has a slot.
 * - `waiting` a row a job that asked for one and has none. `place` rises in the order of asking.
 * - `meta`    storage version, and when the rows of `running` were last compared with their shards.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE running (job_id TEXT PRIMARY KEY, shard INTEGER NOT NULL, turn INTEGER NOT NULL,
       key TEXT, since INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE waiting (job_id TEXT PRIMARY KEY, shard INTEGER NOT NULL, turn INTEGER NOT NULL,
       key TEXT, key_limit INTEGER, project_limit INTEGER, priority TEXT NOT NULL,
       since INTEGER NOT NULL, place INTEGER NOT NULL) WITHOUT ROWID`,
  ],
];

export function migrateFlow(sql: Sql): void {
  runMigrations(sql, MIGRATIONS);
}

export type Running = FlowSlot & {
  readonly shard: number;
  readonly key: string | null;
  readonly sinceMs: number;
};

export type Waiting = FlowAsk & {
  readonly shard: number;
  readonly sinceMs: number;
  /** Its place in the order of asking. */
  readonly place: number;
};

export function loadRunning(sql: Sql): Running[] {
  return sql
    .exec('SELECT job_id, shard, turn, key, since FROM running ORDER BY since')
    .map((row) => ({
      jobId: jobId(row),
      shard: integer(row, 'shard'),
      turn: integer(row, 'turn'),
      key: row['key'] === null ? null : text(row, 'key'),
      sinceMs: integer(row, 'since'),
    }));
}

export function loadWaiting(sql: Sql): Waiting[] {
  return sql.exec('SELECT * FROM waiting ORDER BY place').map((row) => ({
    jobId: jobId(row),
    shard: integer(row, 'shard'),
    turn: integer(row, 'turn'),
    key: row['key'] === null ? null : text(row, 'key'),
    keyLimit: row['key_limit'] === null ? null : integer(row, 'key_limit'),
    projectLimit: row['project_limit'] === null ? null : integer(row, 'project_limit'),
    priority: priorities.find((priority) => priority === row['priority']) ?? 'normal',
    sinceMs: integer(row, 'since'),
    place: integer(row, 'place'),
  }));
}

function jobId(row: SqlRow): JobId {
  const id = text(row, 'job_id');
  if (!isJobId(id)) throw new TypeError(`not a job id: ${id}`);
  return id;
}

export function insertRunning(sql: Sql, slot: Running): void {
  sql.exec(
    'INSERT OR REPLACE INTO running (job_id, shard, turn, key, since) VALUES (?, ?, ?, ?, ?)',
    slot.jobId,
    slot.shard,
    slot.turn,
    slot.key,
    slot.sinceMs,
  );
}

export function deleteRunning(sql: Sql, id: JobId): void {
  sql.exec('DELETE FROM running WHERE job_id = ?', id);
}

export function insertWaiting(sql: Sql, ask: Waiting): void {
  sql.exec(
    `INSERT OR REPLACE INTO waiting
       (job_id, shard, turn, key, key_limit, project_limit, priority, since, place)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ask.jobId,
    ask.shard,
    ask.turn,
    ask.key,
    ask.keyLimit,
    ask.projectLimit,
    ask.priority,
    ask.sinceMs,
    ask.place,
  );
}

export function deleteWaiting(sql: Sql, id: JobId): void {
  sql.exec('DELETE FROM waiting WHERE job_id = ?', id);
}
