import type { Failure } from '../../domain/job/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';
import { classOfStatus, phaseOfStatus } from '../http/status-class.ts';
import type { ErrorEvidence, WireReply } from '../port.ts';
import { errorReplyFailure, noReplyFailure, type Asked, type Verdict } from '../shared/failures.ts';
import { waitAskedMs } from '../shared/wait-asked.ts';
import { listAt, objectAt, objectOf, textAt } from '../shared/json-fields.ts';
import { askedOf, type AnthropicSettings } from './settings.ts';

/** What an error says: `{type: "error", error: {type, message, details}, request_id}`. */
type AnthropicError = {
  readonly type: string | null;
  readonly message: string;
  /** A finer code than the type, where there is one. */
  readonly code: string | null;
};

/** The status that a type comes with; it counts where the real status is 200, in a stream or a batch. */
const statusByType: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

/** A limit of money that is reached comes as a 429 that no waiting ends before the next month. */
const spendLimitCode = 'enforced_spend_limit_reached';

/** UNVERIFIED: but for the usage limits these sentences are from memory; without them the status decides. */
const sentences: readonly { readonly says: RegExp; readonly class: ProviderFailureClass }[] = [
  { says: /specified API usage limits|credit balance is too low/i, class: 'billing_exhausted' },
  {
    says: /prompt is too long|exceeds? (?:the )?(?:model's )?context (?:limit|window)/i,
    class: 'context_length',
  },
  { says: /blocked by (?:our )?content filtering/i, class: 'content_blocked_output' },
  {
    says: /extra inputs are not permitted|(?:is|are) not supported (?:for|by|on|with) (?:this|the) model|does not support (?:the )?[`'"\w.]+ param|cannot both be specified/i,
    class: 'unsupported_parameter',
  },
];
const sentenceStatuses: ReadonlySet<number> = new Set([400, 403, 413]);

export function classify(
  settings: AnthropicSettings,
  evidence: ErrorEvidence,
  model: string | null,
): Failure {
  const asked = askedOf(settings, model);
  return evidence.kind === 'reply'
    ? replyFailure(asked, evidence.reply)
    : noReplyFailure(asked, evidence);
}

/** Is this answer an error, whatever its status says? */
export function isErrorReply({ status, body }: WireReply): boolean {
  if (status >= 300) return true;
  return isJsonObject(body) && (body['type'] === 'error' || objectOf(body['error']) !== null);
}

/** Where the provider says it: a header, the error, or the message's own id. */
export function providerRequestId({ headers, body }: WireReply): string | null {
  const header = headers['request-id'] ?? '';
  if (header !== '') return header;
  return isJsonObject(body) ? (textAt(body, 'request_id') ?? textAt(body, 'id')) : null;
}

function replyFailure(asked: Asked, reply: WireReply): Failure {
  const error = readError(reply.body);
  return errorReplyFailure(asked, reply, verdictOf(reply, error), {
    message: error.message,
    code: error.code ?? error.type,
    more: { type: error.type, request_id: providerRequestId(reply) },
  });
}

function verdictOf(reply: WireReply, error: AnthropicError): Verdict {
  const named = error.type !== null && Object.hasOwn(statusByType, error.type);
  const status =
    reply.status >= 300 ? reply.status : ((named ? statusByType[error.type ?? ''] : null) ?? 500);
  const failureClass = classOf(status, error, waitAskedMs(reply) !== undefined);
  if (hasContent(reply.body)) return { class: failureClass, phase: 'unknown' };
  // The filter of outputs judges what the model has already written.
  if (failureClass === 'content_blocked_output') return { class: failureClass, phase: 'finished' };
  return { class: failureClass, phase: phaseOfStatus(status) };
}

function classOf(status: number, error: AnthropicError, mayWait: boolean): ProviderFailureClass {
  const { code, message } = error;
  if (code === spendLimitCode) return 'billing_exhausted';
  const isMoney = !mayWait && /spend(?:ing)? limit|specified API usage limits/i.test(message);
  if (status === 429) return isMoney ? 'billing_exhausted' : 'rate_limited';
  const said = sentenceStatuses.has(status)
    ? sentences.find(({ says }) => says.test(message))
    : undefined;
  return said?.class ?? classOfStatus(status);
}

/** Had the model begun to answer? */
function hasContent(body: Json): boolean {
  return isJsonObject(body) && listAt(body, 'content').length > 0;
}

/** What stands in front of the API (Cloudflare refuses large requests) answers with a page or a text. */
function readError(body: Json): AnthropicError {
  if (!isJsonObject(body)) {
    return { type: null, message: typeof body === 'string' ? body : '', code: null };
  }
  const error = errorIn(body);
  return {
    type: textAt(error, 'type'),
    message: textAt(error, 'message') ?? JSON.stringify(body['error'] ?? error),
    code: textAt(objectAt(error, 'details'), 'error_code'),
  };
}

/** The error of a batch's result lies one level deeper. */
function errorIn(body: JsonObject): JsonObject {
  const error = objectOf(body['error']) ?? body;
  return error['type'] === 'error' ? (objectOf(error['error']) ?? error) : error;
}
