import type { RedeliveryOrder } from '../../services/ports/webhooks.ts';
import type { Sql } from '../job-shard/sql.ts';
import { conditionOf } from './delivery-log.ts';
import { idsWhere, loadDelivery, saveDelivery } from './tables.ts';

/** Redelivered with one call; whoever wants more calls again. */
const REDELIVERED_MAX = 1_000;

/** Makes deliveries that have ended due at once, with a schedule of their own and in no order; gives how many. */
export function redeliver(sql: Sql, which: RedeliveryOrder, nowMs: number): number {
  const { condition, bindings } =
    which.kind === 'one'
      ? { condition: 'id = ?', bindings: [which.id] }
      : conditionOf({ ...which.query, before: null }, nowMs);
  const ids = idsWhere(
    sql,
    `${condition} AND state IN ('delivered', 'failed') AND (erase IS NULL OR erase > ${Math.floor(nowMs)})
       LIMIT ${REDELIVERED_MAX}`,
    ...bindings,
  );
  for (const id of ids) {
    const row = loadDelivery(sql, id);
    if (row === null) continue;
    saveDelivery(sql, {
      ...row,
      state: 'pending',
      dueAtMs: nowMs,
      ordered: false,
      startedAtMs: null,
      step: 0,
      deliveredAtMs: null,
      redeliveries: row.redeliveries + 1,
    });
  }
  return ids.length;
}
