import { attemptKey, type ActiveAttempt } from '../../../domain/job/attempt.ts';
import { boundFailure } from '../../../domain/job/bound-failure.ts';
import type { JobId } from '../../../domain/ids.ts';
import { isTerminal } from '../../../domain/job/job.ts';
import type { Json } from '../../../domain/json.ts';
import type { Decision } from '../../../engine/decide.ts';
import { isRecoverable } from '../../../engine/attempts/late.ts';
import type { PendingWork, Settlement } from '../../../engine/attempts/settlement.ts';
import type { PayloadOnTheWay } from '../../../services/ports/job-shard/payload.ts';
import type { SettlementReport, TicketReport } from '../../../services/ports/job-shard/turn.ts';
import type { Book } from '../book.ts';
import type { CommitInput } from '../commit.ts';
import type { ShardContext } from '../context.ts';
import type { Arrivals } from './make-world.ts';
import { payloadKeys, putControl, putPayload, type Box } from '../payload-box.ts';
import { loadItem, saveItem } from '../tables/items.ts';
import type { JobRow } from '../tables/jobs.ts';

/** What runners report: what of it the engine sees, and where its payloads go. */

/** True for a report whose result may be used: of an attempt that is open, or that was given up too early. */
export function mayCount(
  { ports }: ShardContext,
  { state }: JobRow,
  { step, item, attempt }: SettlementReport,
): boolean {
  if (isTerminal(state.status)) return false;
  if (state.active[attemptKey(step, item, attempt)] !== undefined) return true;
  const known = item === null ? undefined : loadItem(ports.sql, state.birth.id, step, item);
  return isRecoverable(state, { step, item, attempt }, known);
}

/** What the engine sees of a report: no payload, nothing that a provider wrote, and no more than fits a row. */
export function settlementOf(report: SettlementReport, book: Book): Settlement {
  const { step, item, attempt, facts, reconciled = [] } = report;
  const outcome = outcomeOf(report, book);
  return { step, item, attempt, facts, outcome, reconciled };
}

function outcomeOf(report: SettlementReport, book: Book): Settlement['outcome'] {
  const { outcome } = report;
  if (outcome.ok === 'pending')
    return 'child' in outcome ? outcome : pendingOf(report, outcome, book);
  if (outcome.ok === 'declined') return outcome;
  if (outcome.ok) return { ok: true, output: outcome.output.stored };
  const { detail: _detail, ...failure } = outcome.failure;
  return { ok: false, failure: boundFailure(failure) };
}

/** A callback that nobody has read yet is a reason to ask again at once. */
function pendingOf(
  { step, item, attempt }: SettlementReport,
  { ticket, checkInMs, read, ...rest }: TicketReport,
  { callbacks }: Book,
): PendingWork {
  const unread = callbacks?.[attemptKey(step, item, attempt)];
  const atOnce = unread !== undefined && unread.key !== read;
  const { providerJobId } = ticket;
  return { ...rest, providerJobId, checkInMs: atOnce ? 0 : checkInMs };
}

export function readCallbacks({ outcome }: SettlementReport): string[] {
  return outcome.ok === 'pending' && 'ticket' in outcome && outcome.read !== undefined
    ? [outcome.read]
    : [];
}

export function arrivalsOf(reports: readonly SettlementReport[]): Arrivals {
  const control: Record<string, Json> = {};
  const payloads = new Map<string, PayloadOnTheWay>();
  for (const { step, item, outcome } of reports) {
    const key = outputKey(step, item);
    // The first report of an attempt is the one that counts.
    if (outcome.ok !== true || payloads.has(key)) continue;
    Object.assign(control, outcome.control);
    payloads.set(key, outcome.output);
  }
  return { control, payloads };
}

function outputKey(step: string, item: number | null): string {
  return item === null ? payloadKeys.output(step) : payloadKeys.itemOutput(step, item);
}

export function usesObject({ outcome }: SettlementReport): boolean {
  return outcome.ok === true && outcome.output.stored.at === 'r2';
}

export function storePayloads(
  { ports }: ShardContext,
  jobId: JobId,
  { step, item, attempt, outcome }: SettlementReport,
  box: Box,
): void {
  const key = attemptKey(step, item, attempt);
  if (outcome.ok === 'pending') {
    if (!('ticket' in outcome)) return;
    const { data } = outcome.ticket;
    putPayload(ports.sql, jobId, box, payloadKeys.ticket(key), data);
    return;
  }
  if (outcome.ok === 'declined') return;
  if (!outcome.ok) {
    const { detail } = outcome.failure;
    if (detail !== undefined) putPayload(ports.sql, jobId, box, payloadKeys.detail(key), detail);
    if (outcome.rejected !== undefined) {
      putPayload(ports.sql, jobId, box, payloadKeys.rejected(step, item), outcome.rejected);
    }
    return;
  }
  putControl(box, outcome.control);
  const { value } = outcome.output;
  if (value !== undefined && !liesInItemRow(item, outcome.output)) {
    putPayload(ports.sql, jobId, box, outputKey(step, item), value);
  }
}

/** Keeps the tickets of attempts that had been given up: an attempt to come takes them over, or they are stopped. */
export function keepStrays(
  context: ShardContext,
  row: JobRow,
  reports: readonly SettlementReport[],
  { settled }: Decision,
  box: Box,
): CommitInput['strays'] {
  return reports.flatMap((report, index) => {
    const { step, item, attempt, outcome } = report;
    if (settled[index] !== 'late' || outcome.ok !== 'pending' || !('ticket' in outcome)) return [];
    const given = givenUp(context, row, report);
    if (given === undefined) return [];
    storePayloads(context, row.state.birth.id, report, box);
    const { providerJobId } = outcome.ticket;
    const ticket = { providerJobId, checkAtMs: 0, polls: 0 };
    return [{ ...given, step, item, attempt, deadlineAtMs: 0, local: false, ticket }];
  });
}

/** The attempt as it stood when its job ended, or when it was given up itself. */
function givenUp(
  { ports }: ShardContext,
  { state }: JobRow,
  { step, item, attempt }: SettlementReport,
): Pick<ActiveAttempt, 'target' | 'targetIndex' | 'startedAtMs'> | undefined {
  const active = state.active[attemptKey(step, item, attempt)];
  if (active !== undefined) return active;
  const attempts =
    item === null
      ? state.steps[step]?.attempts
      : loadItem(ports.sql, state.birth.id, step, item)?.attempts;
  const record = attempts?.find((known) => known.attempt === attempt);
  if (record === undefined) return undefined;
  const { target, targetIndex, startedAtMs } = record;
  return { target, targetIndex, startedAtMs };
}

/** An item's output of this many bytes at most lies in the item's row. */
const ITEM_OUTPUT_BYTES_MAX = 16_384;

function liesInItemRow(item: number | null, { stored, value }: PayloadOnTheWay): boolean {
  return item !== null && value !== undefined && stored.bytes <= ITEM_OUTPUT_BYTES_MAX;
}

/** Writes the items that a decision touched, with the outputs that arrived for them. */
export function storeItems(
  { ports }: ShardContext,
  jobId: JobId,
  items: Decision['items'],
  payloads: Arrivals['payloads'],
): void {
  for (const { step, item, state } of items) {
    const arrived = payloads.get(payloadKeys.itemOutput(step, item));
    const here = arrived !== undefined && liesInItemRow(item, arrived);
    saveItem(ports.sql, { jobId, step, item }, state, here ? JSON.stringify(arrived.value) : null);
  }
}
