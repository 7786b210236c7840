import type { JobId } from '../../domain/ids.ts';
import type { DeliveryOrder, ToldEvents } from '../../services/ports/webhooks.ts';
import type { Sql } from '../job-shard/sql.ts';
import * as tables from './tables.ts';
import { toldUpTo, withTold } from './told.ts';

/** The one lane of an endpoint; jobs' own webhooks have one for each origin of their URLs. */
const ENDPOINT_LANE = 'endpoint';

export type Incoming = {
  readonly identified: readonly { readonly id: string; readonly order: DeliveryOrder }[];
  readonly told: readonly ToldEvents[];
  /** True where the events of a job are delivered one after the other. */
  readonly ordered: boolean;
  readonly nowMs: number;
};

/** Stores what is new of the orders, and makes due what nothing stands before. */
export function takeIn(sql: Sql, { identified, told, ordered, nowMs }: Incoming): void {
  const jobs = new Set<JobId>();
  for (const { id, order } of identified) {
    const { jobId, seq } = order.announcement;
    const waits = ordered && jobId !== null && seq !== null;
    const inserted = tables.insertDelivery(sql, newDelivery(id, order, { waits, nowMs }));
    if (inserted && waits) jobs.add(jobId);
  }
  for (const range of told) if (tell(sql, range)) jobs.add(range.jobId);
  for (const jobId of jobs) promote(sql, jobId, nowMs);
}

function newDelivery(
  id: string,
  order: DeliveryOrder,
  { waits, nowMs }: { readonly waits: boolean; readonly nowMs: number },
): tables.DeliveryRow {
  return {
    id,
    lane: order.to === undefined ? ENDPOINT_LANE : new URL(order.to.url).origin,
    state: 'pending',
    dueAtMs: waits ? null : nowMs,
    ordered: waits,
    createdAtMs: nowMs,
    startedAtMs: null,
    step: 0,
    number: 0,
    deliveredAtMs: null,
    redeliveries: 0,
    eraseAtMs: order.eraseAtMs ?? null,
    order,
    tries: [],
  };
}

function tell(sql: Sql, { jobId, ...range }: ToldEvents): boolean {
  const known = tables.loadTold(sql, jobId);
  const ranges = withTold(known, range);
  if (JSON.stringify(ranges) === JSON.stringify(known)) return false;
  tables.saveTold(sql, jobId, ranges);
  return true;
}

/** The first pending event of a job is due once everything before it was told. */
export function promote(sql: Sql, jobId: JobId, nowMs: number): void {
  const head = tables.headOf(sql, jobId);
  if (head === null || head.due || head.seq > toldUpTo(tables.loadTold(sql, jobId))) return;
  tables.makeDue(sql, head.id, nowMs);
}
