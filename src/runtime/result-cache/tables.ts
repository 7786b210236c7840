import { isJobId } from '../../domain/ids.ts';
import type { CacheEntry, CacheKey, FlightMark } from '../../services/ports/values/result-cache.ts';
import { integer, text, type Sql, type SqlRow } from '../job-shard/sql.ts';
import { jsonColumn } from '../job-shard/tables/json-column.ts';
import { runMigrations } from '../object-migrations.ts';

/**
 * STORED CONTRACT: the tables of a cache's part. A released entry never changes; a new one is appended and must be
 * additive. Times are of this object's clock.
 *
 * - `entries` a row a call whose result is recorded somewhere. No result is here: `job_id`, `step` and `item` say
 *   where it lies. `about` is JSON, with what else is known.
 * - `flights` a row a call that an asker makes for others too, until `ends_at` unless it says that it goes on.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE entries (key TEXT PRIMARY KEY, job_id TEXT NOT NULL, step TEXT NOT NULL, item INTEGER,
       sha256 TEXT NOT NULL, about TEXT NOT NULL, created_at INTEGER NOT NULL,
       expires_at INTEGER NOT NULL) WITHOUT ROWID`,
    'CREATE TABLE flights (key TEXT PRIMARY KEY, asker TEXT NOT NULL, ends_at INTEGER NOT NULL) WITHOUT ROWID',
  ],
];

export function migrateCache(sql: Sql): void {
  runMigrations(sql, MIGRATIONS);
}

export type StoredEntry = {
  readonly entry: CacheEntry;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
};

export function loadEntry(sql: Sql, key: CacheKey): StoredEntry | null {
  const [row] = sql.exec('SELECT * FROM entries WHERE key = ?', key);
  if (row === undefined) return null;
  return {
    entry: entryOf(row),
    createdAtMs: integer(row, 'created_at'),
    expiresAtMs: integer(row, 'expires_at'),
  };
}

function entryOf(row: SqlRow): CacheEntry {
  const jobId = text(row, 'job_id');
  if (!isJobId(jobId)) throw new TypeError(`not a job id: ${jobId}`);
  return {
    ...jsonColumn<About>(row, 'about'),
    jobId,
    step: text(row, 'step'),
    item: row['item'] === null ? null : integer(row, 'item'),
    sha256: text(row, 'sha256'),
  };
}

type About = Omit<CacheEntry, 'jobId' | 'step' | 'item' | 'sha256'>;

export function saveEntry(
  sql: Sql,
  key: CacheKey,
  { entry, createdAtMs, expiresAtMs }: StoredEntry,
): void {
  const { jobId, step, item, sha256, ...about } = entry;
  sql.exec(
    `INSERT OR REPLACE INTO entries (key, job_id, step, item, sha256, about, created_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    key,
    jobId,
    step,
    item,
    sha256,
    JSON.stringify(about),
    createdAtMs,
    expiresAtMs,
  );
}

export function deleteEntry(sql: Sql, key: CacheKey): void {
  sql.exec('DELETE FROM entries WHERE key = ?', key);
}

/** Deletes what has expired. */
export function deleteExpired(sql: Sql, nowMs: number): void {
  sql.exec('DELETE FROM entries WHERE expires_at <= ?', nowMs);
  sql.exec('DELETE FROM flights WHERE ends_at <= ?', nowMs);
}

/** When the next row expires; null without any. */
export function nextExpiryAtMs(sql: Sql): number | null {
  const [row] = sql.exec(
    `SELECT MIN(at) AS at FROM
       (SELECT MIN(expires_at) AS at FROM entries UNION ALL SELECT MIN(ends_at) AS at FROM flights)`,
  );
  return row === undefined || row['at'] === null ? null : integer(row, 'at');
}

export type Flight = { readonly asker: string; readonly endsAtMs: number };

export function loadFlight(sql: Sql, key: CacheKey): Flight | null {
  const [row] = sql.exec('SELECT asker, ends_at FROM flights WHERE key = ?', key);
  return row === undefined
    ? null
    : { asker: text(row, 'asker'), endsAtMs: integer(row, 'ends_at') };
}

export function saveFlight(sql: Sql, { key, asker }: FlightMark, endsAtMs: number): void {
  sql.exec(
    'INSERT OR REPLACE INTO flights (key, asker, ends_at) VALUES (?, ?, ?)',
    key,
    asker,
    endsAtMs,
  );
}

export function deleteFlight(sql: Sql, { key, asker }: FlightMark): void {
  sql.exec('DELETE FROM flights WHERE key = ? AND asker = ?', key, asker);
}
