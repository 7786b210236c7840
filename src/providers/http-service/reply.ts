import { isJsonObject, type Json } from '../../domain/json.ts';
import type { ChatResult, ModelCall, Spent } from '../../domain/model/model-call.ts';
import type { Usage } from '../../domain/model/usage.ts';
import type { CallOutcome, Ticket, WireReply } from '../port.ts';
import { ownWords, type Asked } from '../shared/failures.ts';
import { readBad, readDone, readNothing, saidSpent, type ReplyReading } from '../shared/reading.ts';
import { requestIdOf } from '../shared/said.ts';
import { classify, holds, workFailed } from './errors.ts';
import { maybeAt, valueAt, type JsonPath } from './path.ts';
import type { KindSettings } from './settings/schema.ts';

/** A whole reply to the outcome of a call; `ticket` is the one that was asked with, absent for a submit. */
export function toOutcome(
  settings: KindSettings,
  asked: Asked,
  reply: WireReply,
  call: ModelCall,
  ticket?: Ticket,
): CallOutcome {
  const spent = spentBy(settings, asked, reply, call);
  const body = isJsonObject(reply.body) ? reply.body : {};
  const reading: ReplyReading = { asked, reply, body, call, spent };
  const { status, error } = settings;
  if (reply.status >= 300 || holds(error.when, reply.body)) {
    const failure = classify(error, asked, { kind: 'reply', reply });
    return { kind: 'failed', failure, ...saidSpent(spent) };
  }
  if (status === undefined || holds(status.doneWhen, reply.body))
    return readResult(settings, reading);
  if (holds(status.failedWhen, reply.body)) {
    const failure = workFailed(error, asked, reply);
    return { kind: 'failed', failure, ...saidSpent(spent) };
  }
  const known = ticket ?? ticketIn(reply.body, status.ticket);
  return known === null
    ? readNothing(reading)
    : { kind: 'pending', ticket: known, checkInMs: status.checkInMs };
}

const ticketMax = 500;

/** The id of the work. It goes into a path, where a segment of dots would lead elsewhere. */
function ticketIn(body: Json, path: JsonPath): Ticket | null {
  const value = valueAt(body, path);
  const id = typeof value === 'number' ? String(value) : value;
  if (typeof id !== 'string' || id === '' || id.length > ticketMax) return null;
  return /^\.{1,2}$/.test(id) ? null : { providerJobId: id, data: null };
}

function readResult({ result: read }: KindSettings, reading: ReplyReading): CallOutcome {
  const { call, reply, spent } = reading;
  const result = isPage(reply) ? null : read(reply, call);
  if (result === null) return readNothing(reading);
  if (result.kind === 'refused') {
    return readBad(reading, 'content_blocked_output', 'refusal', result.words);
  }
  if (result.kind === 'chat') return judgeChat(reading, result);
  if (result.kind !== 'image') return readDone(reading, result);
  const usage = { images: result.images.length, ...spent.usage };
  return readDone({ ...reading, spent: { ...spent, usage } }, result);
}

/** A text that came through whole may still be no answer: filtered, or JSON cut short. */
function judgeChat(reading: ReplyReading, result: ChatResult): CallOutcome {
  const { call } = reading;
  const { finishReason } = result;
  if (finishReason === 'content_filter') {
    return readBad(reading, 'content_blocked_output', finishReason);
  }
  const wantsJson = call.kind === 'chat' && call.output.kind === 'json';
  if (finishReason === 'length' && wantsJson) {
    return readBad(reading, 'output_truncated', finishReason);
  }
  return readDone(reading, result);
}

/** Nothing, or a page of something in between: even where the whole body is the result, this is none. */
function isPage({ body, headers }: WireReply): boolean {
  return body === '' || /^text\/html\b/i.test(headers['content-type'] ?? '');
}

function spentBy(
  settings: KindSettings,
  asked: Asked,
  { body, headers }: WireReply,
  call: ModelCall,
): Spent {
  const model = maybeAt(body, settings.returned_model);
  const id = maybeAt(body, settings.request_id);
  const usual = requestIdOf({}, headers);
  const requestId = typeof id === 'string' || typeof id === 'number' ? String(id) : usual;
  return {
    usage: usageIn(settings, body),
    rawUsage: maybeAt(body, settings.raw_usage) ?? null,
    returnedModel: typeof model === 'string' && model !== '' ? ownWords(model, asked) : call.model,
    providerRequestId: requestId === null ? null : ownWords(requestId, asked),
  };
}

/** What the service does not tell stays absent: it is unknown, not nothing. */
function usageIn({ usage }: KindSettings, body: Json): Usage {
  const said: { -readonly [Field in keyof Usage]: number } = {};
  for (const [field, { path, times }] of usage) {
    const value = valueAt(body, path);
    const count = typeof value === 'number' ? Math.round(value * times) : 0;
    if (Number.isSafeInteger(count) && count > 0) said[field] = count;
  }
  return said;
}
