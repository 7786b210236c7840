import type { Failure } from '../../domain/job/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';
import { classOfStatus, phaseOfStatus } from '../http/status-class.ts';
import type { ErrorEvidence, WireReply } from '../port.ts';
import { errorReplyFailure, noReplyFailure, type Asked } from '../shared/failures.ts';
import { isList, numberAt, objectOf, objectsAt, textAt } from '../shared/json-fields.ts';

type Row = { readonly class: ProviderFailureClass; readonly status: number };

/** Workers AI's own codes with the status that they come with, from its page of errors. */
const rowByCode: Readonly<Record<number, Row>> = {
  // The free neurons of the day are used up: the account has to be upgraded, or the day to end.
  3036: { class: 'billing_exhausted', status: 429 },
  3040: { class: 'overloaded', status: 429 },
  3007: { class: 'timeout', status: 408 },
  3008: { class: 'timeout', status: 408 },
  3006: { class: 'payload_too_large', status: 413 },
  3042: { class: 'not_found_model', status: 404 },
  5007: { class: 'not_found_model', status: 400 },
  3003: { class: 'invalid_request', status: 400 },
  5004: { class: 'invalid_request', status: 400 },
  3023: { class: 'permission', status: 403 },
  3041: { class: 'permission', status: 403 },
  5016: { class: 'permission', status: 403 },
  5018: { class: 'permission', status: 403 },
  5005: { class: 'unsupported_parameter', status: 405 },
  5019: { class: 'invalid_request', status: 405 },
  // UNVERIFIED: from here on from memory; the first two are Workers AI's, the others those of Cloudflare's API.
  5021: { class: 'context_length', status: 400 },
  3046: { class: 'timeout', status: 408 },
  7000: { class: 'not_configured', status: 400 },
  7003: { class: 'not_configured', status: 404 },
  9109: { class: 'auth', status: 403 },
  10000: { class: 'auth', status: 401 },
  10001: { class: 'auth', status: 401 },
};

/** A code at the beginning of a message, behind the names of the errors around it: `AiError: 3040: …`. */
const leadingCode = /^(?:\w+:\s*)*?(\d{4,5}):/;

type WorkersAiError = { readonly code: number | null; readonly message: string };

export function classify(asked: Asked, evidence: ErrorEvidence): Failure {
  if (evidence.kind === 'reply') return replyFailure(asked, evidence.reply);
  const thrown = evidence.kind === 'exception' ? codeIn(evidence.message) : null;
  const row = thrown === null ? undefined : rowByCode[thrown];
  if (evidence.kind !== 'exception' || row === undefined) return noReplyFailure(asked, evidence);
  // What the binding throws is an answer of the service.
  const body = { internalCode: thrown, message: evidence.message };
  return replyFailure(asked, { status: row.status, headers: {}, body });
}

/** Is this answer an error, whatever its status says? */
export function isErrorReply({ status, body }: WireReply): boolean {
  if (status >= 300) return true;
  if (!isJsonObject(body)) return false;
  const { success, errors, error, internalCode } = body;
  const isFailed = success === false || (isList(errors) && errors.length > 0);
  return isFailed || typeof internalCode === 'number' || (error !== undefined && error !== null);
}

/** Only headers say it. */
export function providerRequestId({ headers }: WireReply): string | null {
  const id = headers['cf-ai-req-id'] ?? headers['cf-ray'] ?? '';
  return id === '' ? null : id;
}

export function replyFailure(asked: Asked, reply: WireReply): Failure {
  const error = readError(reply.body);
  const row = error.code === null ? undefined : rowByCode[error.code];
  const status = reply.status >= 300 ? reply.status : (row?.status ?? 500);
  const failureClass = row?.class ?? classOfStatus(status);
  // Had the model begun to answer, somebody may have to pay for it.
  const phase = hasContent(reply.body) ? 'unknown' : phaseOfStatus(status);
  return errorReplyFailure(
    asked,
    reply,
    { class: failureClass, phase },
    {
      message: error.message,
      code: error.code === null ? null : String(error.code),
      more: { request_id: providerRequestId(reply) },
    },
  );
}

/** `{errors: [{code, message}]}` over HTTP, `{internalCode, description}` below the binding, a text in a stream. */
function readError(body: Json): WorkersAiError {
  if (!isJsonObject(body)) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return { code: codeIn(text), message: text };
  }
  const said = errorIn(body);
  const text =
    textAt(said, 'message') ?? textAt(said, 'description') ?? textAt(body, 'error') ?? '';
  const code = numberAt(said, 'internalCode') ?? numberAt(said, 'code') ?? codeIn(text);
  return { code, message: text === '' ? JSON.stringify(body) : text };
}

function errorIn(body: JsonObject): JsonObject {
  return objectsAt(body, 'errors')[0] ?? objectOf(body['error']) ?? body;
}

function codeIn(text: string): number | null {
  const code = leadingCode.exec(text)?.[1];
  return code === undefined ? null : Number(code);
}

function hasContent(body: Json): boolean {
  return isJsonObject(body) && objectsAt(body, 'choices').length > 0;
}
