import type { Failure } from '../../../domain/job/failure.ts';
import { isJsonObject, type Json } from '../../../domain/json.ts';
import type { ErrorEvidence, WireReply } from '../../port.ts';
import { errorReplyFailure, noReplyFailure, type Asked } from '../../shared/failures.ts';
import { waitAskedMs } from '../../shared/wait-asked.ts';
import { readErrorReply, readProviderError } from './error-body.ts';
import { secretsOf, type OpenAiCompatibleSettings } from '../settings.ts';
import { verdictOf } from './verdict.ts';

/** What went wrong, from status, headers and body together. `model` is named in the message where known. */
export function classify(
  settings: OpenAiCompatibleSettings,
  evidence: ErrorEvidence,
  model: string | null,
): Failure {
  const asked = askedOf(settings, model);
  return evidence.kind === 'reply'
    ? failureFromReply(settings, evidence.reply, asked)
    : noReplyFailure(asked, evidence);
}

/** Is this answer an error, whatever its status says? */
export function isErrorReply(reply: WireReply): boolean {
  return reply.status >= 300 || readProviderError(reply.body) !== null;
}

export function askedOf(settings: OpenAiCompatibleSettings, model: string | null): Asked {
  const { id: provider, secretName } = settings;
  return { provider, model, secretName, secrets: secretsOf(settings) };
}

/** Where the provider says it: `x-request-id`, Azure's own header, or the id of the completion itself. */
export function providerRequestId(reply: WireReply): string | null {
  const header = reply.headers['x-request-id'] ?? reply.headers['apim-request-id'] ?? '';
  if (header !== '') return header;
  const id = isJsonObject(reply.body) ? reply.body['id'] : undefined;
  return typeof id === 'string' ? id : null;
}

function failureFromReply(
  settings: OpenAiCompatibleSettings,
  reply: WireReply,
  asked: Asked,
): Failure {
  const { status, body } = reply;
  const error = readErrorReply(body);
  const mayWait = waitAskedMs(reply) !== undefined;
  const facts = { status, error, mayWait, workSeen: hasChoices(body) };
  return errorReplyFailure(asked, reply, verdictOf(facts, settings.profile), {
    message: error.message,
    code: error.code ?? error.type,
    more: { type: error.type, param: error.param, request_id: providerRequestId(reply) },
  });
}

function hasChoices(body: Json): boolean {
  if (!isJsonObject(body)) return false;
  const { choices } = body;
  return Array.isArray(choices) && choices.length > 0;
}
