import type { ByHand } from '../../domain/model/target-gate.ts';
import { integer, text, type Sql } from '../job-shard/sql.ts';
import { runMigrations } from '../object-migrations.ts';
import type { Breaker } from './breaker.ts';
import type { Bucket } from './bucket.ts';
import type { Places, RunnerPlaces } from './places.ts';
import type { Seen } from './seen.ts';

/**
 * STORED CONTRACT: a gate's tables. A released entry never changes; a new one is appended and must be additive.
 *
 * - `facts`  JSON by name: what the gate has to know after it was evicted.
 * - `places` a row a runner that has places under the limit on concurrency.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    'CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
    `CREATE TABLE places (runner TEXT PRIMARY KEY, count INTEGER NOT NULL, until INTEGER NOT NULL)
       WITHOUT ROWID`,
  ],
];

export function migrateGate(sql: Sql): void {
  runMigrations(sql, MIGRATIONS);
}

export type Hands = { readonly held: ByHand | null; readonly released: ByHand | null };

type Facts = {
  readonly breaker: Breaker;
  readonly by_hand: Hands;
  readonly requests: Bucket;
  readonly tokens: Bucket;
  readonly seen: Seen;
};

/** A fact as it was last written by this code or by an older release's; null when it never was. */
export function loadFact<Name extends keyof Facts>(sql: Sql, name: Name): Facts[Name] | null {
  const [row] = sql.exec('SELECT value FROM facts WHERE name = ?', name);
  if (row === undefined) return null;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `saveFact` writes this column
  return JSON.parse(text(row, 'value')) as Facts[Name];
}

export function saveFact<Name extends keyof Facts>(sql: Sql, name: Name, value: Facts[Name]): void {
  sql.exec(
    'INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    name,
    JSON.stringify(value),
  );
}

export function loadPlaces(sql: Sql): Places {
  const rows = sql.exec('SELECT runner, count, until FROM places');
  return new Map(
    rows.map((row) => [
      text(row, 'runner'),
      { count: integer(row, 'count'), untilMs: integer(row, 'until') },
    ]),
  );
}

export function savePlaces(sql: Sql, runner: string, { count, untilMs }: RunnerPlaces): void {
  sql.exec(
    'INSERT OR REPLACE INTO places (runner, count, until) VALUES (?, ?, ?)',
    runner,
    count,
    untilMs,
  );
}

export function deletePlaces(sql: Sql, runner: string): void {
  sql.exec('DELETE FROM places WHERE runner = ?', runner);
}
