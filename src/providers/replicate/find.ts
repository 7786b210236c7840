/** Looks for a prediction whose creation was not answered, in the account's own list. */
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { exchange } from '../http/exchange.ts';
import type { CallContext, LostSubmit, Reconciled, WireRequest } from '../port.ts';
import type { Account } from '../shared/account.ts';
import { isList, objectAt, objectOf, objectsAt, textAt } from '../shared/json-fields.ts';
import { ticketOf } from '../shared/tickets.ts';
import { listRequest, predictionRequest, readModelName } from './request.ts';

/** Its clock and ours may differ. */
const clockSkewMs = 60_000;
const pagesMax = 5;
/** The list has inputs and outputs in it. */
const listBytesMax = 16 * 1024 * 1024;
const unknown: Reconciled = { kind: 'unknown' };

/**
 * A prediction that reports to the attempt's own address is ours. Where the list does not show addresses, the only
 * prediction since the attempt began that can be of the same model and input is taken for it, if its input is the same. Absent is only said
 * after the whole window has been read and every prediction in it is someone else's for certain.
 * UNVERIFIED: whether the list shows `webhook`, and how soon it shows a new prediction.
 */
export async function findPrediction(
  account: Account,
  lost: LostSubmit,
  context: CallContext,
): Promise<Reconciled> {
  const sinceMs = lost.startedAtMs - clockSkewMs;
  const found: JsonObject[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < pagesMax; page += 1) {
    const read = await readPage(account, listRequest(sinceMs, cursor), context);
    if (read === null) return unknown;
    found.push(...read.items);
    const ours = read.items.find((item) => isReportedTo(item, lost.callbackUrl));
    if (ours !== undefined) return foundAt(ours);
    if (read.next === null) return judge(found, lost);
    cursor = cursorIn(read.next);
    if (cursor === null) return unknown;
  }
  return unknown;
}

type Page = { readonly items: readonly JsonObject[]; readonly next: string | null };

/** One page of the list; null when it cannot be had. */
async function readPage(
  account: Account,
  request: WireRequest,
  context: CallContext,
): Promise<Page | null> {
  const evidence = await exchange(account.endpoint, request, context, null, listBytesMax);
  if (evidence.kind !== 'reply' || evidence.reply.status >= 300) return null;
  const body = objectOf(evidence.reply.body) ?? {};
  if (!isList(body['results'])) return null;
  return { items: objectsAt(body, 'results'), next: textAt(body, 'next') };
}

function isReportedTo(item: JsonObject, callbackUrl: string | null): boolean {
  return callbackUrl !== null && textAt(item, 'webhook') === callbackUrl;
}

/** None of these reports to us, by what the list shows. */
function judge(items: readonly JsonObject[], lost: LostSubmit): Reconciled {
  const possible = items.filter((item) => mayBeOurs(item, lost));
  const [only] = possible;
  if (only === undefined) return { kind: 'absent' };
  return possible.length === 1 && hasSameInput(only, lost) ? foundAt(only) : unknown;
}

function mayBeOurs(item: JsonObject, lost: LostSubmit): boolean {
  // A prediction that shows where it reports to, also that it does not, has been compared by then.
  if (lost.callbackUrl !== null && item['webhook'] !== undefined) return false;
  return mayBeOfModel(item, lost.call.model) && !hasOtherInput(item, lost);
}

/** True only where the item shows another value for something that was sent; it may show defaults of the model, too. */
function hasOtherInput(item: JsonObject, { call }: LostSubmit): boolean {
  if (callHasFiles(call)) return false;
  const shown = objectAt(item, 'input');
  return Object.entries(inputSent(call)).some(
    ([name, value]) => shown[name] !== undefined && sortedText(shown[name]) !== sortedText(value),
  );
}

/** False only where the item names another model. */
function mayBeOfModel(item: JsonObject, model: string): boolean {
  const named = readModelName(model);
  if (named.kind === 'deployment') return true;
  const [field, wanted] =
    named.kind === 'model'
      ? (['model', named.name] as const)
      : (['version', named.version] as const);
  const given = textAt(item, field);
  return given === null || given === wanted;
}

/** A file's address is made anew for each request, so an input with files can never be recognised. */
function hasSameInput(item: JsonObject, { call }: LostSubmit): boolean {
  if (callHasFiles(call)) return false;
  return sortedText(inputSent(call)) === sortedText(objectAt(item, 'input'));
}

function inputSent(call: LostSubmit['call']): JsonObject {
  const sent: Json = JSON.parse(JSON.stringify(predictionRequest(call).body));
  return isJsonObject(sent) ? objectAt(sent, 'input') : {};
}

function callHasFiles(call: LostSubmit['call']): boolean {
  return call.kind === 'transcribe' || (call.kind === 'image' && (call.images?.length ?? 0) > 0);
}

function sortedText(value: Json): string {
  if (isList(value)) return `[${value.map(sortedText).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return `{${fields.map(([name, item]) => `${JSON.stringify(name)}:${sortedText(item)}`).join(',')}}`;
}

function foundAt(item: JsonObject): Reconciled {
  const ticket = ticketOf(textAt(item, 'id'));
  return ticket === null ? unknown : { kind: 'found', ticket };
}

/** Only the cursor is taken out of the address: nothing that was answered decides whom we ask. */
function cursorIn(next: string): string | null {
  const query = next.slice(next.indexOf('?') + 1);
  return new URLSearchParams(query).get('cursor');
}
