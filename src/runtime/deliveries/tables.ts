import type { JobId } from '../../domain/ids.ts';
import { deliveryStates, type DeliveryState, type DeliveryTry } from '../../domain/webhook.ts';
import type { DeliveryOrder } from '../../services/ports/webhooks.ts';
import { integer, text, type Sql, type SqlRow, type SqlValue } from '../job-shard/sql.ts';
import { runMigrations } from '../object-migrations.ts';

/**
 * STORED CONTRACT: the tables of a receiver's deliveries. A released entry never changes; a new one is appended and must be
 * additive.
 *
 * - `deliveries` a row a delivery. `due` is when it is tried next: null once it has ended, and for one that waits for an
 *                earlier one of its job. `ordered` is 1 for as long as it is pending where order is kept. `started` and
 *                `step` are the first try of its schedule and the tries since then. `erase` is when its job is erased.
 * - `told`       a row a job where order is kept: which of its events were told, as a JSON list of ranges.
 * - `facts`      JSON by name.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE deliveries (id TEXT PRIMARY KEY, lane TEXT NOT NULL, job_id TEXT, seq INTEGER,
       type TEXT NOT NULL, state TEXT NOT NULL, due INTEGER, ordered INTEGER NOT NULL,
       created INTEGER NOT NULL, started INTEGER, step INTEGER NOT NULL, number INTEGER NOT NULL,
       delivered INTEGER, redeliveries INTEGER NOT NULL, erase INTEGER, body TEXT NOT NULL,
       tries TEXT NOT NULL) WITHOUT ROWID`,
    'CREATE INDEX deliveries_due ON deliveries (lane, due) WHERE due IS NOT NULL',
    'CREATE INDEX deliveries_of_job ON deliveries (job_id, seq) WHERE ordered = 1',
    'CREATE INDEX deliveries_erase ON deliveries (erase) WHERE erase IS NOT NULL',
    'CREATE TABLE told (job_id TEXT PRIMARY KEY, ranges TEXT NOT NULL) WITHOUT ROWID',
    'CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
  ],
];

export function migrateDeliveries(sql: Sql): void {
  runMigrations(sql, MIGRATIONS);
}

/** A delivery as it is stored. */
export type DeliveryRow = {
  readonly id: string;
  readonly lane: string;
  readonly state: DeliveryState;
  readonly dueAtMs: number | null;
  readonly ordered: boolean;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  /** Tries since the schedule began. */
  readonly step: number;
  /** Number of the last try; 0 before the first. */
  readonly number: number;
  readonly deliveredAtMs: number | null;
  readonly redeliveries: number;
  readonly eraseAtMs: number | null;
  readonly order: DeliveryOrder;
  readonly tries: readonly DeliveryTry[];
};

/** Gives the rows that were not there yet. */
export function insertDelivery(sql: Sql, row: DeliveryRow): boolean {
  if (sql.exec('SELECT 1 FROM deliveries WHERE id = ?', row.id).length > 0) return false;
  const { announcement } = row.order;
  sql.exec(
    `INSERT INTO deliveries (id, lane, job_id, seq, type, state, due, ordered, created, started, step, number,
       delivered, redeliveries, erase, body, tries) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.id,
    row.lane,
    announcement.jobId,
    announcement.seq,
    announcement.type,
    ...changing(row),
  );
  return true;
}

function changing(row: DeliveryRow): SqlValue[] {
  return [
    row.state,
    row.dueAtMs,
    row.ordered ? 1 : 0,
    row.createdAtMs,
    row.startedAtMs,
    row.step,
    row.number,
    row.deliveredAtMs,
    row.redeliveries,
    row.eraseAtMs,
    JSON.stringify(row.order),
    JSON.stringify(row.tries),
  ];
}

export function saveDelivery(sql: Sql, row: DeliveryRow): void {
  sql.exec(
    `UPDATE deliveries SET state = ?, due = ?, ordered = ?, created = ?, started = ?, step = ?, number = ?,
       delivered = ?, redeliveries = ?, erase = ?, body = ?, tries = ? WHERE id = ?`,
    ...changing(row),
    row.id,
  );
}

export function loadDelivery(sql: Sql, id: string): DeliveryRow | null {
  const [row] = sql.exec('SELECT * FROM deliveries WHERE id = ?', id);
  return row === undefined ? null : deliveryRow(row);
}

export function deliveryRow(row: SqlRow): DeliveryRow {
  return {
    id: text(row, 'id'),
    lane: text(row, 'lane'),
    state: deliveryStates.find((state) => state === row['state']) ?? 'failed',
    dueAtMs: maybe(row, 'due'),
    ordered: integer(row, 'ordered') === 1,
    createdAtMs: integer(row, 'created'),
    startedAtMs: maybe(row, 'started'),
    step: integer(row, 'step'),
    number: integer(row, 'number'),
    deliveredAtMs: maybe(row, 'delivered'),
    redeliveries: integer(row, 'redeliveries'),
    eraseAtMs: maybe(row, 'erase'),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `changing` writes this column
    order: JSON.parse(text(row, 'body')) as DeliveryOrder,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `changing` writes this column
    tries: JSON.parse(text(row, 'tries')) as readonly DeliveryTry[],
  };
}

function maybe(row: SqlRow, column: string): number | null {
  return row[column] === null ? null : integer(row, column);
}

export type LaneDue = { readonly lane: string; readonly dueAtMs: number };

/** The lane after this one that has anything pending, and when the first of it is due; null after the last. */
export function laneAfter(sql: Sql, lane: string | null): LaneDue | null {
  const [row] = sql.exec(
    'SELECT lane, due FROM deliveries WHERE due IS NOT NULL AND lane > ? ORDER BY lane, due LIMIT 1',
    lane ?? '',
  );
  return row === undefined ? null : { lane: text(row, 'lane'), dueAtMs: integer(row, 'due') };
}

export type Due = { readonly id: string; readonly dueAtMs: number };

/** The deliveries of a lane that are due first. */
export function firstDue(sql: Sql, lane: string, limit: number): Due[] {
  return sql
    .exec(
      'SELECT id, due FROM deliveries WHERE due IS NOT NULL AND lane = ? ORDER BY due LIMIT ?',
      lane,
      limit,
    )
    .map((row) => ({ id: text(row, 'id'), dueAtMs: integer(row, 'due') }));
}

/** The first pending delivery of a job where order is kept. */
export function headOf(
  sql: Sql,
  jobId: JobId,
): { readonly id: string; readonly seq: number; readonly due: boolean } | null {
  const [row] = sql.exec(
    'SELECT id, seq, due FROM deliveries WHERE ordered = 1 AND job_id = ? ORDER BY seq LIMIT 1',
    jobId,
  );
  if (row === undefined) return null;
  return { id: text(row, 'id'), seq: integer(row, 'seq'), due: row['due'] !== null };
}

export function makeDue(sql: Sql, id: string, atMs: number): void {
  sql.exec('UPDATE deliveries SET due = ? WHERE id = ?', atMs, id);
}

/** Order is not kept any more: whatever waited for another one is due. */
export function endOrder(sql: Sql, atMs: number): void {
  sql.exec(
    "UPDATE deliveries SET due = coalesce(due, ?), ordered = 0 WHERE ordered = 1 AND state = 'pending'",
    atMs,
  );
}

/** All that is pending is due now, with a schedule of its own. What waits for another one goes on waiting. */
export function beginAnew(sql: Sql, atMs: number): void {
  sql.exec(
    'UPDATE deliveries SET due = min(due, ?), started = NULL, step = 0 WHERE due IS NOT NULL',
    atMs,
  );
}

export function failPending(sql: Sql): void {
  sql.exec(
    "UPDATE deliveries SET state = 'failed', due = NULL, ordered = 0 WHERE state = 'pending'",
  );
}

export function idsWhere(sql: Sql, condition: string, ...bindings: SqlValue[]): string[] {
  return sql
    .exec(`SELECT id FROM deliveries WHERE ${condition}`, ...bindings)
    .map((row) => text(row, 'id'));
}

/** The ranges of a job's events that were told, in order and apart. */
export type Ranges = readonly (readonly [number, number])[];

export function loadTold(sql: Sql, jobId: JobId): Ranges {
  const [row] = sql.exec('SELECT ranges FROM told WHERE job_id = ?', jobId);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `saveTold` writes this column
  return row === undefined ? [] : (JSON.parse(text(row, 'ranges')) as Ranges);
}

export function saveTold(sql: Sql, jobId: JobId, ranges: Ranges): void {
  sql.exec(
    'INSERT OR REPLACE INTO told (job_id, ranges) VALUES (?, ?)',
    jobId,
    JSON.stringify(ranges),
  );
}

export function loadFact(sql: Sql, name: string): unknown {
  const [row] = sql.exec('SELECT value FROM facts WHERE name = ?', name);
  return row === undefined ? null : JSON.parse(text(row, 'value'));
}

export function saveFact(sql: Sql, name: string, value: object): void {
  sql.exec(
    'INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    name,
    JSON.stringify(value),
  );
}
