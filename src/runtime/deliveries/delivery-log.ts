import type { Delivery } from '../../domain/webhook.ts';
import type { DeliveryQuery } from '../../services/ports/webhooks.ts';
import { firstDeliveryIdAt } from '../../services/webhooks/delivery-id.ts';
import type { Sql, SqlValue } from '../job-shard/sql.ts';
import { erased } from './settle.ts';
import { deliveryRow, type DeliveryRow } from './tables.ts';

/** Deliveries of a receiver as others see them, newest first. */
export function listDeliveries(
  sql: Sql,
  query: DeliveryQuery,
  nowMs: number,
): readonly DeliveryRow[] {
  const { condition, bindings } = conditionOf(query, nowMs);
  return sql
    .exec(
      `SELECT * FROM deliveries WHERE ${condition} ORDER BY id DESC LIMIT ?`,
      ...bindings,
      query.limit,
    )
    .map((row) => shown(deliveryRow(row), nowMs));
}

/** A delivery as it may be shown: nothing of a job that is erased. */
export function shown(row: DeliveryRow, nowMs: number): DeliveryRow {
  return row.eraseAtMs !== null && row.eraseAtMs <= nowMs ? erased(row) : row;
}

/** As a condition on rows; ids begin with the moment. */
export function conditionOf(
  query: Omit<DeliveryQuery, 'limit'>,
  nowMs: number,
): { readonly condition: string; readonly bindings: readonly SqlValue[] } {
  const { before, state, type, jobId, afterMs, beforeMs } = query;
  const parts: [string, SqlValue | undefined][] = [
    ['id < ?', before ?? undefined],
    ['id >= ?', afterMs === undefined ? undefined : firstDeliveryIdAt(afterMs)],
    ['id < ?', beforeMs === undefined ? undefined : firstDeliveryIdAt(beforeMs)],
    [`CASE WHEN erase <= ${Math.floor(nowMs)} THEN 'erased' ELSE state END = ?`, state],
    ['type = ?', type],
    ['job_id = ?', jobId],
  ];
  const asked = parts.flatMap(([text, value]) => (value === undefined ? [] : [{ text, value }]));
  return {
    condition: ['1 = 1', ...asked.map(({ text }) => text)].join(' AND '),
    bindings: asked.map(({ value }) => value),
  };
}

export function deliveryOf(row: DeliveryRow, endpointId: string | null): Delivery {
  const { id, state, createdAtMs, dueAtMs, deliveredAtMs, tries, redeliveries, order } = row;
  return {
    id,
    endpointId,
    url: order.to?.url ?? null,
    announcement: order.announcement,
    state,
    createdAtMs,
    nextTryAtMs: dueAtMs,
    deliveredAtMs,
    tries,
    redeliveries,
  };
}
