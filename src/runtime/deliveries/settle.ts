import type { DeliveryTry } from '../../domain/webhook.ts';
import type { TriedDelivery } from '../../services/ports/webhooks.ts';
import { nextTryAtMs } from '../../services/webhooks/schedule.ts';
import type { DeliveryRow } from './tables.ts';

/** Tries of a delivery that are kept; the first ones go when there are more. */
const TRIES_KEPT = 50;

export type SettledAt = {
  readonly nowMs: number;
  /** A number from [0, 1). */
  readonly lot: number;
};

/**
 * A delivery after what a deliverer says of a try; null when that changes nothing. Reports come twice and late: a success
 * counts whenever it comes, anything else only for the try that is under way.
 */
export function settled(
  row: DeliveryRow,
  report: TriedDelivery,
  { nowMs, lot }: SettledAt,
): DeliveryRow | null {
  if (row.state !== 'pending') return null;
  const { verdict, tried } = report;
  if (!isCurrent(row, report) && !(verdict === 'delivered' && isOfThisSchedule(row, tried))) {
    return null;
  }
  switch (verdict) {
    case 'delivered':
      return { ...ended(withTry(row, tried)), state: 'delivered', deliveredAtMs: nowMs };
    case 'again':
      return rescheduled(withTry(row, tried), { report, nowMs, lot });
    case 'gone':
      return { ...ended(withTry(row, tried)), state: 'failed' };
    case 'erased':
      return erased(row);
    case 'held':
      return null;
  }
}

/** True of a report of the try that is under way. */
export function isCurrent(row: DeliveryRow, { tried }: Pick<TriedDelivery, 'tried'>): boolean {
  return row.state === 'pending' && tried.number === row.number + 1;
}

/** True of a report of a try that failed and after which none follows; the same when it is made again. */
export function isLast(row: DeliveryRow | null, { verdict, tried }: TriedDelivery): boolean {
  if (verdict !== 'again' && verdict !== 'gone') return false;
  return row !== null && row.state === 'failed' && row.number <= tried.number;
}

/** What was delivered before a redelivery was asked for does not count for it. */
function isOfThisSchedule({ number, step }: DeliveryRow, tried: DeliveryTry): boolean {
  return tried.number > number - step && tried.number <= number;
}

/** A try that was believed lost is told of in the end. */
function withLateTry(row: DeliveryRow, tried: DeliveryTry): DeliveryRow {
  const tries = row.tries.map((each) => (each.number === tried.number ? tried : each));
  return { ...row, tries };
}

function withTry(row: DeliveryRow, tried: DeliveryTry): DeliveryRow {
  if (tried.number <= row.number) return withLateTry(row, tried);
  const tries = [...row.tries, tried].slice(-TRIES_KEPT);
  return {
    ...row,
    tries,
    number: tried.number,
    step: row.step + 1,
    startedAtMs: row.startedAtMs ?? tried.atMs,
  };
}

function ended(row: DeliveryRow): DeliveryRow {
  return { ...row, dueAtMs: null, ordered: false };
}

function rescheduled(
  row: DeliveryRow,
  { report, nowMs, lot }: SettledAt & { readonly report: TriedDelivery },
): DeliveryRow {
  const dueAtMs = nextTryAtMs({
    tries: row.step,
    startedAtMs: row.startedAtMs ?? nowMs,
    nowMs,
    lot,
    retryAfterMs: report.retryAfterMs,
  });
  return dueAtMs === null ? { ...ended(row), state: 'failed' } : { ...row, dueAtMs };
}

/** What stays of a delivery whose job was erased: that there was one. */
export function erased(row: DeliveryRow): DeliveryRow {
  const { announcement } = row.order;
  return {
    ...ended(row),
    state: 'erased',
    eraseAtMs: null,
    order: { announcement: { ...announcement, data: {} } },
    tries: row.tries.map((tried) => ({ ...tried, answer: '' })),
  };
}
