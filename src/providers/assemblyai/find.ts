/** Looks for a transcript whose submit was not answered, among the account's last ones. */
import { isJsonObject, type JsonObject } from '../../domain/json.ts';
import { exchange } from '../http/exchange.ts';
import type { CallContext, LostSubmit, Reconciled, Ticket, WireRequest } from '../port.ts';
import type { Account } from '../shared/account.ts';
import { objectsAt, textAt } from '../shared/json-fields.ts';
import { ticketOf } from '../shared/tickets.ts';
import { listRequest, statusRequest } from './request.ts';

const clockSkewMs = 60_000;
const listedMax = 50;
/** The list does not show where a transcript is reported to, so each has to be looked at. */
const lookedAtMax = 10;
const unknown: Reconciled = { kind: 'unknown' };

/**
 * A transcript that reports to the attempt's own address is ours. That none does proves nothing: what is too new to be
 * listed may be there all the same.
 * UNVERIFIED: the fields of the list; whatever is missing makes it unknown.
 */
export async function findTranscript(
  account: Account,
  { callbackUrl, startedAtMs }: LostSubmit,
  context: CallContext,
): Promise<Reconciled> {
  if (callbackUrl === null) return unknown;
  const list = await ask(account, listRequest(listedMax), context);
  const items = objectsAt(list ?? {}, 'transcripts').filter(
    (item) => !isBefore(item, startedAtMs - clockSkewMs),
  );
  for (const ticket of items.slice(0, lookedAtMax).map(ticketIn)) {
    const transcript = ticket === null ? null : await ask(account, statusRequest(ticket), context);
    if (ticket !== null && textAt(transcript ?? {}, 'webhook_url') === callbackUrl) {
      return { kind: 'found', ticket };
    }
  }
  return unknown;
}

function ticketIn(item: JsonObject): Ticket | null {
  return ticketOf(textAt(item, 'id'));
}

/** `created` is in UTC, without saying so. */
function isBefore(item: JsonObject, atMs: number): boolean {
  const created = textAt(item, 'created') ?? '';
  return Date.parse(/(?:Z|[+-]\d\d:\d\d)$/.test(created) ? created : `${created}Z`) < atMs;
}

async function ask(
  { endpoint }: Account,
  request: WireRequest,
  context: CallContext,
): Promise<JsonObject | null> {
  const evidence = await exchange(endpoint, request, context, null);
  if (evidence.kind !== 'reply' || evidence.reply.status >= 300) return null;
  return isJsonObject(evidence.reply.body) ? evidence.reply.body : null;
}
