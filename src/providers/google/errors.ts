import type { Failure } from '../../domain/job/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';
import { classOfStatus, phaseOfStatus } from '../http/status-class.ts';
import type { ErrorEvidence, WireReply } from '../port.ts';
import { errorReplyFailure, noReplyFailure, type Asked } from '../shared/failures.ts';
import { isList, numberAt, objectOf, objectsAt, textAt } from '../shared/json-fields.ts';

/** What an error says: `{error: {code, message, status, details}}`. */
type GoogleError = {
  readonly message: string;
  /** The name of a gRPC status, e.g. `RESOURCE_EXHAUSTED`. */
  readonly status: string | null;
  readonly httpStatus: number | null;
  /** Finer than the status, e.g. `API_KEY_INVALID`. */
  readonly reason: string | null;
  /** The quotas that were hit, by their ids. */
  readonly quotaIds: readonly string[];
  readonly waitMs: number | null;
};

/** gRPC statuses by the HTTP status they come with; they count where the real one is 200. */
const httpStatusByName: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  INTERNAL: 500,
  UNKNOWN: 500,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/** A key that is none comes as a 400. UNVERIFIED: all but `API_KEY_INVALID` are from Google's list of error reasons. */
const classByReason: Readonly<Record<string, ProviderFailureClass>> = {
  API_KEY_INVALID: 'auth',
  API_KEY_EXPIRED: 'auth',
  ACCESS_TOKEN_EXPIRED: 'auth',
  CREDENTIALS_MISSING: 'auth',
  BILLING_DISABLED: 'billing_exhausted',
};

/** UNVERIFIED: these sentences are from memory; without them the status decides. */
const sentences: readonly { readonly says: RegExp; readonly class: ProviderFailureClass }[] = [
  { says: /api key (?:not valid|expired|not found)/i, class: 'auth' },
  { says: /key was reported as leaked/i, class: 'auth' },
  {
    says: /token count .*exceeds the maximum|exceeds the maximum number of tokens/i,
    class: 'context_length',
  },
  {
    says: /(?:is|are) (?:not supported|unsupported|not enabled)|does not support|unknown name/i,
    class: 'unsupported_parameter',
  },
];

/** What no waiting within an attempt ends: a quota of the day, or one of nothing. */
const dayQuota = /PerDay/i;
const noQuota = /limit: 0\b|credits are depleted|spending cap/i;

export function classify(asked: Asked, evidence: ErrorEvidence): Failure {
  return evidence.kind === 'reply'
    ? replyFailure(asked, evidence.reply)
    : noReplyFailure(asked, evidence);
}

/** Is this answer an error, whatever its status says? */
export function isErrorReply({ status, body }: WireReply): boolean {
  return status >= 300 || objectOf(firstOf(body)['error']) !== null;
}

function replyFailure(asked: Asked, reply: WireReply): Failure {
  const error = readError(reply.body);
  const status = statusOf(reply, error);
  const failureClass = classOf(status, error);
  const phase = hasContent(reply.body) ? 'unknown' : phaseOfStatus(status);
  const failure = errorReplyFailure(
    asked,
    reply,
    { class: failureClass, phase },
    {
      message: error.message,
      code: codeOf(error, failureClass),
      more: {
        status: error.status,
        reason: error.reason,
        quota: error.quotaIds.join(', ') || null,
      },
    },
  );
  // The delay is given for quotas of a day as well, where it helps nobody.
  const mayWait = failureClass === 'rate_limited' || failureClass === 'overloaded';
  return error.waitMs === null || !mayWait ? failure : { ...failure, retryAfterMs: error.waitMs };
}

function codeOf(
  { reason, status, quotaIds }: GoogleError,
  failureClass: ProviderFailureClass,
): string | null {
  const isDay = failureClass === 'billing_exhausted' && quotaIds.some((id) => dayQuota.test(id));
  return isDay ? 'quota_per_day' : (reason ?? status);
}

function statusOf({ status }: WireReply, error: GoogleError): number {
  if (status >= 300) return status;
  const named = error.status ?? '';
  const known = Object.hasOwn(httpStatusByName, named) ? httpStatusByName[named] : undefined;
  return known ?? error.httpStatus ?? 500;
}

function classOf(status: number, error: GoogleError): ProviderFailureClass {
  const reason = error.reason ?? '';
  const known = Object.hasOwn(classByReason, reason) ? classByReason[reason] : undefined;
  if (known !== undefined) return known;
  if (status === 429) return isSpent(error) ? 'billing_exhausted' : 'rate_limited';
  return status === 400 || status === 403 ? refusalClass(status, error) : classOfStatus(status);
}

function refusalClass(status: number, { status: name, message }: GoogleError) {
  if (name === 'FAILED_PRECONDITION') return preconditionClass(message);
  return sentences.find(({ says }) => says.test(message))?.class ?? classOfStatus(status);
}

function isSpent({ quotaIds, message }: GoogleError): boolean {
  return quotaIds.some((id) => dayQuota.test(id)) || noQuota.test(message);
}

/** The free tier is not offered everywhere, and without billing there is nothing else. */
function preconditionClass(message: string): ProviderFailureClass {
  return /location|region|country/i.test(message) ? 'permission' : 'billing_exhausted';
}

/** Had the model begun to answer? */
function hasContent(body: Json): boolean {
  return objectsAt(firstOf(body), 'candidates').length > 0;
}

function readError(body: Json): GoogleError {
  const whole = firstOf(body);
  const error = objectOf(whole['error']) ?? whole;
  const details = objectsAt(error, 'details');
  const ofType = (name: string): JsonObject =>
    details.find((detail) => textAt(detail, '@type')?.endsWith(name) === true) ?? {};
  const violations = objectsAt(ofType('.QuotaFailure'), 'violations');
  const code = numberAt(error, 'code');
  return {
    message: textAt(error, 'message') ?? (typeof body === 'string' ? body : JSON.stringify(body)),
    status: textAt(error, 'status'),
    httpStatus: code !== null && code >= 300 && code <= 599 ? code : null,
    reason: textAt(ofType('.ErrorInfo'), 'reason'),
    quotaIds: violations.flatMap((violation) => textAt(violation, 'quotaId') ?? []),
    waitMs: durationMs(textAt(ofType('.RetryInfo'), 'retryDelay')),
  };
}

/** A duration as protobuf writes it in JSON: seconds with up to nine decimals, e.g. `12.5s`. */
function durationMs(text: string | null): number | null {
  const seconds = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(text ?? '')?.[1];
  return seconds === undefined ? null : Math.ceil(Number(seconds) * 1000);
}

/** An error in the answer to a stream may come inside a list. */
function firstOf(body: Json): JsonObject {
  const first = isList(body) ? body[0] : body;
  return first !== undefined && isJsonObject(first) ? first : {};
}
