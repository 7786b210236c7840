import { isJsonObject, type Json, type JsonObject } from '../../../domain/json.ts';
import type { ChatCall, ClassifyCall } from '../../../domain/model/model-call.ts';
import { base64ToBytes } from '../../../domain/bytes.ts';
import { failureSentence } from '../../http/failure-sentence.ts';
import type { CallOutcome, Ticket, WireReply } from '../../port.ts';
import { noReplyFailure, unreadableFailure } from '../../shared/failures.ts';
import { objectOf, textAt } from '../../shared/json-fields.ts';
import { objectFrom } from '../../shared/json-text.ts';
import { classify, isErrorReply } from '../errors.ts';
import { readMessage } from '../reply.ts';
import { askedOf, type AnthropicSettings } from '../settings.ts';

/** Most batches take minutes; a day is the most. */
export const askAgainMs = 30_000;

/** An id goes into a path, so it must be nothing else. */
const idPattern = /^[\w-]{1,200}$/;

/**
 * What a reply of the batches says: the batch itself, or the results, a JSON object on each line.
 * `ticket` is the one that was asked with; absent for the answer to a submit.
 */
export function readBatch(
  settings: AnthropicSettings,
  reply: WireReply,
  call: ChatCall | ClassifyCall,
  ticket?: Ticket,
): CallOutcome {
  if (isErrorReply(reply)) {
    return {
      kind: 'failed',
      failure: classify(settings, { kind: 'reply', reply }, call.model),
    };
  }
  const result = resultsIn(reply)[0];
  if (result !== undefined) return readResult(settings, reply, call, result);
  const id = batchIdIn(reply.body);
  if (id !== null) {
    const pending = ticket ?? { providerJobId: id, data: null };
    return { kind: 'pending', ticket: pending, checkInMs: askAgainMs };
  }
  const asked = askedOf(settings, call.model);
  return { kind: 'failed', failure: unreadableFailure(asked, reply) };
}

export function batchIdIn(body: Json): string | null {
  if (!isJsonObject(body) || textAt(body, 'processing_status') === null) return null;
  const id = textAt(body, 'id');
  return id !== null && idPattern.test(id) ? id : null;
}

export function hasEnded(body: Json): boolean {
  return isJsonObject(body) && body['processing_status'] === 'ended';
}

type Line = JsonObject & { readonly result: JsonObject };

/** The results in a reply, whatever its content type made of them. */
export function resultsIn({ body, headers }: WireReply): readonly Line[] {
  if (isJsonObject(body)) return isLine(body) ? [body] : [];
  if (typeof body !== 'string') return [];
  const isBinary = (headers['content-type'] ?? '').startsWith('application/octet-stream');
  const bytes = isBinary ? base64ToBytes(body) : null;
  const text = bytes === null ? body : new TextDecoder().decode(bytes);
  return text.split('\n').flatMap((line) => {
    const value = objectFrom(line);
    return value !== null && isLine(value) ? [value] : [];
  });
}

function isLine(value: JsonObject): value is Line {
  return objectOf(value['result']) !== null && textAt(value, 'custom_id') !== null;
}

function readResult(
  settings: AnthropicSettings,
  reply: WireReply,
  call: ChatCall | ClassifyCall,
  { result }: Line,
): CallOutcome {
  const { type } = result;
  const inside = (body: Json): WireReply => ({ ...reply, body });
  if (type === 'succeeded') return readMessage(settings, inside(result['message'] ?? null), call);
  if (type === 'errored') return errored(settings, inside(result), call);
  if (type === 'canceled') return cancelled(settings, call);
  if (type === 'expired') return expired(settings, call);
  const asked = askedOf(settings, call.model);
  return { kind: 'failed', failure: unreadableFailure(asked, reply) };
}

/** Requests that end in an error are not charged. */
function errored(
  settings: AnthropicSettings,
  reply: WireReply,
  { model }: ChatCall | ClassifyCall,
): CallOutcome {
  const failure = classify(settings, { kind: 'reply', reply }, model);
  return { kind: 'failed', failure: { ...failure, phase: 'accepted' } };
}

function cancelled(settings: AnthropicSettings, { model }: ChatCall | ClassifyCall): CallOutcome {
  const failure = noReplyFailure(askedOf(settings, model), { kind: 'aborted', by: 'cancel' });
  return {
    kind: 'failed',
    failure: { ...failure, phase: 'accepted', code: 'cancelled_at_provider' },
  };
}

/** A day was not enough to begin it. */
function expired(settings: AnthropicSettings, { model }: ChatCall | ClassifyCall): CallOutcome {
  const message = failureSentence('timeout', askedOf(settings, model));
  return {
    kind: 'failed',
    failure: { class: 'timeout', phase: 'accepted', message, code: 'batch_expired' },
  };
}
