import { isJsonObject, type Json, type JsonObject } from '../../../domain/json.ts';
import { httpDateMs } from '../../../domain/retry-after.ts';
import { exchange, type Endpoint } from '../../http/exchange.ts';
import type { CallContext, LostSubmit, Reconciled, Ticket, WireReply } from '../../port.ts';
import { isList, objectsAt } from '../../shared/json-fields.ts';
import { batchIdIn, hasEnded, resultsIn } from './reply.ts';
import { customIdOf, listRequest, resultsRequest } from './request.ts';

/** The newest batches come first; older ones than these are not looked at. */
const listedMax = 100;
/** So many batches are opened to see whose they are. */
const openedMax = 5;
/** The provider's clock may be so far behind ours. */
const clockSkewMs = 5 * 60_000;
/** A submit whose connection broke may be worked on for a while before its batch shows. */
const settlingMs = 60_000;

/**
 * Looks for the batch of a submit whose answer was lost. Our id is in a batch's results alone, so only one that has
 * ended can be told to be ours; while another of that time is still at work, nothing can be said.
 * UNVERIFIED: that the list shows a batch as soon as it has been made.
 */
export async function findBatch(
  endpoint: Endpoint,
  { idempotencyKey, startedAtMs }: LostSubmit,
  context: CallContext,
): Promise<Reconciled> {
  const listed = await exchange(endpoint, listRequest(listedMax), context, null);
  if (listed.kind !== 'reply') return { kind: 'unknown' };
  const since = batchesSince(listed.reply, startedAtMs - clockSkewMs);
  if (since === null || since.length > openedMax) return { kind: 'unknown' };

  const customId = await customIdOf(idempotencyKey);
  const ended = since.filter(hasEnded).flatMap((batch) => ticketOf(batch) ?? []);
  let opened = 0;
  for (const ticket of ended) {
    const owner = await ownerOf(endpoint, ticket, context);
    if (owner === customId) return { kind: 'found', ticket };
    if (owner !== null) opened += 1;
  }
  const isSettled = settledBy(listed.reply, startedAtMs);
  return { kind: isSettled && opened === since.length ? 'absent' : 'unknown' };
}

/** The batches made since then that hold one request, like ours; null when the list does not reach so far back. */
function batchesSince({ status, body }: WireReply, sinceMs: number): readonly JsonObject[] | null {
  if (status >= 300 || !isJsonObject(body) || !isList(body['data'])) return null;
  const batches = objectsAt(body, 'data');
  const madeAtMs = batches.map((batch) => timeOf(batch['created_at']));
  const reachesBack = body['has_more'] === false || madeAtMs.some((at) => at < sinceMs);
  if (!reachesBack || madeAtMs.some((at) => Number.isNaN(at))) return null;
  return batches.filter((batch, at) => (madeAtMs[at] ?? 0) >= sinceMs && requestsOf(batch) === 1);
}

function requestsOf({ request_counts: counts }: JsonObject): number {
  if (counts === undefined || !isJsonObject(counts)) return 1;
  return Object.values(counts).reduce(
    (sum: number, count) => sum + (typeof count === 'number' ? count : 0),
    0,
  );
}

/** Is enough time over, by the provider's own clock, that a batch would show? */
function settledBy({ headers }: WireReply, startedAtMs: number): boolean {
  const nowMs = httpDateMs(headers['date'] ?? '');
  return nowMs !== null && nowMs - startedAtMs >= settlingMs;
}

async function ownerOf(
  endpoint: Endpoint,
  ticket: Ticket,
  context: CallContext,
): Promise<string | null> {
  const evidence = await exchange(endpoint, resultsRequest(ticket), context, null);
  const lines = evidence.kind === 'reply' ? resultsIn(evidence.reply) : [];
  const owner = lines[0]?.['custom_id'];
  return typeof owner === 'string' ? owner : null;
}

function ticketOf(batch: JsonObject): Ticket | null {
  const id = batchIdIn(batch);
  return id === null ? null : { providerJobId: id, data: null };
}

function timeOf(value: Json | undefined): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN;
}
