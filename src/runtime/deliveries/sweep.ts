import { firstJobIdAt } from '../../domain/ids.ts';
import type { Log } from '../../services/ports/log.ts';
import { firstDeliveryIdAt } from '../../services/webhooks/delivery-id.ts';
import { DELIVERY_KEPT_MS } from '../../services/webhooks/schedule.ts';
import { integer, type Sql } from '../job-shard/sql.ts';
import { erased } from './settle.ts';
import type { Standing } from './standing.ts';
import { idsWhere, loadDelivery, saveDelivery } from './tables.ts';

/** Deliveries that are kept at most, besides those that are pending. */
const KEPT_MAX = 100_000;
const SWEEP_EVERY_MS = 6 * 60 * 60_000;
const ERASED_AT_ONCE = 1_000;
/** An object may store 10 GB. Beyond this the oldest deliveries go, whatever their state. */
const BYTES_MAX = 8_000_000_000;
const DROPPED_AT_ONCE = 1_000;

type SweepPorts = { readonly sql: Sql; readonly log: Log };

/** When the next sweep is due; infinity when there is nothing that could grow old. */
export function sweepDueAtMs(sql: Sql, { sweptAtMs }: Standing): number {
  const some = sql.exec('SELECT 1 FROM deliveries LIMIT 1').length > 0;
  return some ? sweptAtMs + SWEEP_EVERY_MS : Number.POSITIVE_INFINITY;
}

/** Removes what is older than the log keeps, and the contents of deliveries whose jobs are erased. */
export function sweep({ sql, log }: SweepPorts, standing: Standing, nowMs: number): Standing {
  if (nowMs < sweepDueAtMs(sql, standing)) return standing;
  const pending = count(
    sql,
    `id < '${firstDeliveryIdAt(nowMs - DELIVERY_KEPT_MS)}' AND state = 'pending'`,
  );
  if (pending > 0)
    log('error', 'webhook.dropped', { count: pending, reason: 'pending for too long' });
  sql.exec('DELETE FROM deliveries WHERE id < ?', firstDeliveryIdAt(nowMs - DELIVERY_KEPT_MS));
  sql.exec('DELETE FROM told WHERE job_id < ?', firstJobIdAt(nowMs - DELIVERY_KEPT_MS));
  sql.exec(
    `DELETE FROM deliveries WHERE state <> 'pending'
       AND id <= (SELECT id FROM deliveries ORDER BY id DESC LIMIT 1 OFFSET ?)`,
    KEPT_MAX,
  );
  const erasable = idsWhere(sql, 'erase <= ? LIMIT ?', nowMs, ERASED_AT_ONCE);
  for (const id of erasable) {
    const row = loadDelivery(sql, id);
    if (row !== null) saveDelivery(sql, erased(row));
  }
  // Where there is more to erase, the next sweep comes at once.
  const again = erasable.length === ERASED_AT_ONCE;
  return { ...standing, sweptAtMs: again ? nowMs - SWEEP_EVERY_MS + 1_000 : nowMs };
}

/** Rather than refuse what is new, and with it all history of its jobs, the oldest goes. */
export function makeRoom({ sql, log }: SweepPorts): void {
  if (sql.sizeBytes() < BYTES_MAX) return;
  sql.exec(
    'DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries ORDER BY id LIMIT ?)',
    DROPPED_AT_ONCE,
  );
  log('error', 'webhook.dropped', { count: DROPPED_AT_ONCE, reason: 'the storage is full' });
}

function count(sql: Sql, condition: string): number {
  const [row] = sql.exec(`SELECT count(*) AS n FROM deliveries WHERE ${condition}`);
  return row === undefined ? 0 : integer(row, 'n');
}
