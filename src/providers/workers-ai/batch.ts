import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { ModelCall } from '../../domain/model/model-call.ts';
import type { CallOutcome, Ticket, WireReply } from '../port.ts';
import { finishedFailure, unreadableFailure, type Asked } from '../shared/failures.ts';
import { isList, objectsAt, textAt } from '../shared/json-fields.ts';
import { classify, isErrorReply, replyFailure } from './errors.ts';
import { resultIn, toOutcome } from './reply.ts';

/** How long it is worth waiting before the next question. */
export const askAgainMs = 10_000;

const idPattern = /^[\w-]{1,200}$/;
const working: ReadonlySet<string> = new Set(['queued', 'running']);

/**
 * What the queue says: that it took the work, that it is still at it, or what came of it.
 * `ticket` is the one that was asked with; absent for the answer to a submit.
 */
export function readQueue(
  asked: Asked,
  reply: WireReply,
  call: ModelCall,
  ticket?: Ticket,
): CallOutcome {
  if (isErrorReply(reply)) {
    return { kind: 'failed', failure: classify(asked, { kind: 'reply', reply }) };
  }
  const result = resultIn(reply.body);
  const body = isJsonObject(result) ? result : {};
  if (isList(body['responses'])) return readResponses(asked, reply, call, body);
  const known = ticket ?? ticketOf(body);
  if (known === null || !isWorking(result)) {
    return { kind: 'failed', failure: unreadableFailure(asked, reply) };
  }
  return { kind: 'pending', ticket: known, checkInMs: askAgainMs };
}

/** Is this about the work, and not about the question? */
export function tellsStatus({ status, body }: WireReply): boolean {
  const result = resultIn(body);
  const isOver = isJsonObject(result) && isList(result['responses']);
  return status < 300 && (isOver || isWorking(result));
}

function isWorking(result: Json): boolean {
  return isJsonObject(result) && working.has(textAt(result, 'status') ?? '');
}

function ticketOf(body: JsonObject): Ticket | null {
  const id = textAt(body, 'request_id');
  return id !== null && idPattern.test(id) ? { providerJobId: id, data: null } : null;
}

/**
 * A batch of one has one response.
 * UNVERIFIED: what a response that failed looks like; whatever it says is read like any error.
 */
function readResponses(
  asked: Asked,
  reply: WireReply,
  call: ModelCall,
  body: JsonObject,
): CallOutcome {
  const [response] = objectsAt(body, 'responses');
  if (response === undefined) {
    const failure = finishedFailure(asked, reply, 'provider_internal', { code: 'batch_empty' });
    return { kind: 'failed', failure };
  }
  const inside = { ...reply, body: { success: true, ...response } };
  if (!isErrorReply(inside)) return toOutcome(asked, inside, call);
  return { kind: 'failed', failure: { ...replyFailure(asked, inside), phase: 'accepted' } };
}
