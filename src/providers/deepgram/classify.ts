import type { Failure, FailurePhase } from '../../domain/job/failure.ts';
import { isJsonObject, type Json } from '../../domain/json.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';
import { classOfStatus, phaseOfStatus } from '../http/status-class.ts';
import type { ErrorEvidence } from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { errorReplyFailure, noReplyFailure } from '../shared/failures.ts';
import { textAt } from '../shared/json-fields.ts';

/** Codes that count whatever the status is. UNVERIFIED: the names of those that concern payment and pace. */
const classByCode: Readonly<Record<string, ProviderFailureClass>> = {
  INVALID_AUTH: 'auth',
  INSUFFICIENT_PERMISSIONS: 'permission',
  ASR_PAYMENT_REQUIRED: 'billing_exhausted',
  TOO_MANY_REQUESTS: 'rate_limited',
  PAYLOAD_TOO_LARGE: 'payload_too_large',
  UNSUPPORTED_MEDIA_TYPE: 'invalid_request',
  INVALID_JSON: 'invalid_request',
};

/** A model that does not exist is a 400. */
const modelWords = /no such model|model .*(?:not found|does not exist)/i;

/**
 * What went wrong. A 429 is about calls at the same time, not about their rate: throttling helps. `phase` is given
 * where the work had been taken before.
 */
export function classify(
  account: Account,
  evidence: ErrorEvidence,
  model: string | null,
  phase?: FailurePhase,
): Failure {
  const asked = askedAt(account, model);
  if (evidence.kind !== 'reply') return noReplyFailure(asked, evidence);
  const { reply } = evidence;
  const said = readError(reply.body);
  const verdict = {
    class: classOf(reply.status, said),
    phase: phase ?? phaseOfStatus(reply.status),
  };
  return errorReplyFailure(asked, reply, verdict, {
    message: said.message,
    code: said.code,
    more: { request_id: said.requestId },
  });
}

type DeepgramError = {
  readonly message: string;
  readonly code: string | null;
  readonly requestId: string | null;
};

/** Two shapes: `{err_code, err_msg, request_id}` and `{category, message, details, request_id}`. */
function readError(body: Json): DeepgramError {
  if (!isJsonObject(body)) {
    const message = typeof body === 'string' ? body : JSON.stringify(body);
    return { message, code: null, requestId: null };
  }
  const words = [textAt(body, 'err_msg'), textAt(body, 'message'), textAt(body, 'details')];
  const said = words.filter((text) => text !== null);
  return {
    message: said.length === 0 ? JSON.stringify(body) : said.join(': '),
    code: textAt(body, 'err_code') ?? textAt(body, 'category'),
    requestId: textAt(body, 'request_id'),
  };
}

/** Is this body an error, whatever brought it? */
export function isErrorBody(body: Json): boolean {
  return isJsonObject(body) && (textAt(body, 'err_code') ?? textAt(body, 'category')) !== null;
}

function classOf(status: number, { code, message }: DeepgramError): ProviderFailureClass {
  const named = code !== null && Object.hasOwn(classByCode, code) ? classByCode[code] : undefined;
  if (named !== undefined) return named;
  if (modelWords.test(message)) return 'not_found_model';
  return status < 300 ? 'provider_internal' : classOfStatus(status);
}
