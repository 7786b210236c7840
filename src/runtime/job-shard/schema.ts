import { runMigrations } from '../object-migrations.ts';
import type { Sql } from './sql.ts';

/**
 * STORED CONTRACT: a shard's tables. Every row carries its job. A released entry never changes; a new one is
 * appended, and must be additive, so that the release before can still read and write (a rollback of the
 * Worker finds its storage as it needs it).
 *
 * - `jobs`        one row a job. `state`: JobState. `book`: the shard's own notes (Book). `tail`: the newest
 *                 events, one JSON line each. `inline`: small payloads (Inline). `due_at`: a lower bound of
 *                 the next moment at which the job needs attention; the only secondary index, read by alarms.
 * - `events`      older events, moved out of the tail: JSON lines, keyed by the first one's number.
 * - `items`       finished or retried items of maps, with their output when it is small.
 * - `payloads`    values too large to be inline.
 * - `keys`        idempotency keys, as hashes; each lives as long as its job.
 * - `definitions` by content hash, kept until no job can need them.
 * - `meta`        storage version, and marks of the alarm's quarantine.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE jobs (job_id TEXT PRIMARY KEY, due_at INTEGER NOT NULL, state TEXT NOT NULL,
       book TEXT NOT NULL, tail TEXT NOT NULL, inline TEXT NOT NULL) WITHOUT ROWID`,
    `CREATE INDEX jobs_due ON jobs (due_at)`,
    `CREATE TABLE events (job_id TEXT NOT NULL, first_seq INTEGER NOT NULL, body TEXT NOT NULL,
       PRIMARY KEY (job_id, first_seq)) WITHOUT ROWID`,
    `CREATE TABLE items (job_id TEXT NOT NULL, step TEXT NOT NULL, item INTEGER NOT NULL,
       state TEXT NOT NULL, output TEXT, PRIMARY KEY (job_id, step, item)) WITHOUT ROWID`,
    `CREATE TABLE payloads (job_id TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
       PRIMARY KEY (job_id, key)) WITHOUT ROWID`,
    `CREATE TABLE keys (key_hash TEXT PRIMARY KEY, job_id TEXT NOT NULL, body_hash TEXT NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE definitions (hash TEXT PRIMARY KEY, body TEXT NOT NULL, keep_until INTEGER NOT NULL) WITHOUT ROWID`,
  ],
];

/** Brings the storage of a shard to the newest version. */
export function migrate(sql: Sql): void {
  runMigrations(sql, MIGRATIONS);
}
