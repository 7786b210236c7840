import type { Failure } from '../../domain/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { failureSentence, type Subject } from '../http/failure-sentence.ts';
import { maskSecrets } from '../http/mask-secrets.ts';
import { transportFailure } from '../http/transport-failure.ts';
import type { ErrorEvidence, WireReply } from '../port.ts';
import { httpDateMs, retryAfterMs } from '../retry-after.ts';
import { readErrorReply, readProviderError, type ProviderError } from './error-body.ts';
import type { OpenAiCompatibleSettings } from './settings.ts';
import { verdictOf } from './verdict.ts';

const wordsMax = 1_000;
const codePattern = /^[\w.:-]{1,64}$/;

/** What went wrong, from status, headers and body together. `model` is named in the message where known. */
export function classify(
  settings: OpenAiCompatibleSettings,
  evidence: ErrorEvidence,
  model: string | null,
): Failure {
  return evidence.kind === 'reply'
    ? failureFromReply(settings, evidence.reply, model)
    : transportFailure(evidence, subjectOf(settings, model), [settings.apiKey]);
}

/** Is this answer an error, whatever its status says? */
export function isErrorReply(reply: WireReply): boolean {
  return reply.status >= 300 || readProviderError(reply.body) !== null;
}

export function subjectOf(settings: OpenAiCompatibleSettings, model: string | null): Subject {
  return { provider: settings.id, model, secretName: settings.secretName };
}

/** Where the provider says it: `x-request-id`, or the id of the completion itself. */
export function providerRequestId(reply: WireReply): string | null {
  const header = reply.headers['x-request-id'] ?? '';
  if (header !== '') return header;
  const id = isJsonObject(reply.body) ? reply.body['id'] : undefined;
  return typeof id === 'string' ? id : null;
}

/** A provider's words, fit to be kept: without the key and of bounded length. */
export function ownWords(settings: OpenAiCompatibleSettings, text: string): string {
  return maskSecrets(text, [settings.apiKey]).slice(0, wordsMax);
}

function failureFromReply(
  settings: OpenAiCompatibleSettings,
  reply: WireReply,
  model: string | null,
): Failure {
  const { status, headers, body } = reply;
  const error = readErrorReply(body);
  const waitMs = retryAfterMs(headers, httpDateMs(headers['date'] ?? ''));
  const verdict = verdictOf(
    { status, error, mayWait: waitMs !== undefined, workSeen: hasChoices(body) },
    settings.profile,
  );
  const code = error.code ?? error.type;
  return {
    ...verdict,
    message: failureSentence(verdict.class, subjectOf(settings, model), status),
    status,
    ...(code === null || !isSafeCode(settings, code) ? {} : { code }),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    detail: detailOf(settings, error, reply),
  };
}

function detailOf(
  settings: OpenAiCompatibleSettings,
  error: ProviderError,
  reply: WireReply,
): JsonObject {
  const requestId = providerRequestId(reply);
  return {
    message: ownWords(settings, error.message),
    ...(error.type === null ? {} : { type: ownWords(settings, error.type) }),
    ...(error.param === null ? {} : { param: ownWords(settings, error.param) }),
    ...(requestId === null ? {} : { request_id: ownWords(settings, requestId) }),
  };
}

/** A code goes where text of a provider may not, so it must look like one and hold no secret. */
function isSafeCode(settings: OpenAiCompatibleSettings, code: string): boolean {
  return codePattern.test(code) && maskSecrets(code, [settings.apiKey]) === code;
}

function hasChoices(body: Json): boolean {
  if (!isJsonObject(body)) return false;
  const { choices } = body;
  return Array.isArray(choices) && choices.length > 0;
}
