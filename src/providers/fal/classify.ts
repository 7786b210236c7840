import type { Failure, FailurePhase } from '../../domain/job/failure.ts';
import { isJsonObject, type Json } from '../../domain/json.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';
import { classOfStatus, phaseOfStatus } from '../http/status-class.ts';
import type { ErrorEvidence, WireReply } from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { errorReplyFailure, noReplyFailure } from '../shared/failures.ts';
import { objectsAt, textAt } from '../shared/json-fields.ts';

type ClassByType = Readonly<Record<string, ProviderFailureClass>>;

/** The platform's own errors: `{detail, error_type}`, the type in the header `x-fal-error-type` too. */
const requestErrors: ClassByType = {
  request_timeout: 'timeout',
  startup_timeout: 'overloaded',
  runner_scheduling_failure: 'overloaded',
  runner_connection_timeout: 'overloaded',
  runner_disconnected: 'provider_internal',
  runner_connection_refused: 'provider_internal',
  runner_connection_error: 'provider_internal',
  runner_incomplete_response: 'provider_internal',
  runner_server_error: 'provider_internal',
  internal_error: 'provider_internal',
  client_disconnected: 'cancelled',
  client_cancelled: 'cancelled',
  bad_request: 'invalid_request',
};

/** A model's errors: `{detail: [{loc, msg, type}]}`. What is not listed is a field that does not fit. */
const modelErrors: ClassByType = {
  internal_server_error: 'provider_internal',
  generation_timeout: 'timeout',
  downstream_service_error: 'provider_internal',
  downstream_service_unavailable: 'overloaded',
  content_policy_violation: 'content_blocked_input',
  // UNVERIFIED: named in other clients' tables, without saying why nothing was made.
  no_media_generated: 'output_invalid',
  image_too_large: 'payload_too_large',
  file_too_large: 'payload_too_large',
  sequence_too_long: 'payload_too_large',
  audio_duration_too_long: 'payload_too_large',
  video_duration_too_long: 'payload_too_large',
  feature_not_supported: 'unsupported_parameter',
};

/** An account without credit is locked with a 403. UNVERIFIED: the words are known from public threads only. */
const balanceWords = /(?:exhausted|insufficient) balance/i;

/**
 * What went wrong with a request. `phase` is given where the work had been taken before, so that the status of the
 * answer does not tell.
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
  const said = readError(reply);
  const verdict = {
    class: classOf(reply.status, said),
    phase: phase ?? (said.ownTimeout ? 'rejected' : phaseOfStatus(reply.status)),
  };
  return errorReplyFailure(asked, reply, verdict, {
    message: said.message,
    code: said.ownTimeout ? 'start_timeout' : said.type,
    more: { request_id: reply.headers['x-fal-request-id'] ?? null },
  });
}

type FalError = {
  readonly message: string;
  readonly type: string | null;
  readonly types: readonly string[];
  /** The start timeout that we asked for: the work never began. */
  readonly ownTimeout: boolean;
};

function readError({ status, headers, body }: WireReply): FalError {
  const fields = isJsonObject(body) ? body : {};
  const items = objectsAt(fields, 'detail');
  const named = textAt(fields, 'error_type') ?? headers['x-fal-error-type'] ?? null;
  const types = items.flatMap((item) => textAt(item, 'type') ?? []);
  return {
    message: wordsOf(
      body,
      items.map((item) => wordsOfItem(item)),
    ),
    type: named ?? types[0] ?? null,
    types: named === null ? types : [named, ...types],
    ownTimeout: status === 504 && headers['x-fal-request-timeout-type'] === 'user',
  };
}

function wordsOf(body: Json, items: readonly string[]): string {
  if (typeof body === 'string') return body;
  if (items.length > 0) return items.join('; ');
  const fields = isJsonObject(body) ? body : {};
  return textAt(fields, 'detail') ?? textAt(fields, 'error') ?? JSON.stringify(body);
}

/** Where the fault lies and what it is; `input` is left out, it only repeats what was sent. */
function wordsOfItem(item: { readonly [name: string]: Json }): string {
  const { loc } = item;
  const place = Array.isArray(loc) ? `${loc.map(String).join('.')}: ` : '';
  return `${place}${textAt(item, 'msg') ?? textAt(item, 'type') ?? 'no reason given'}`;
}

function classOf(status: number, { message, types, ownTimeout }: FalError): ProviderFailureClass {
  if (ownTimeout) return 'timeout';
  if (status === 403 && balanceWords.test(message)) return 'billing_exhausted';
  const known = firstNamed(types);
  if (known !== null) return known;
  return status < 300 ? 'provider_internal' : classOfStatus(status);
}

function firstNamed(types: readonly string[]): ProviderFailureClass | null {
  const tables = [requestErrors, modelErrors];
  for (const type of types) {
    const table = tables.find((candidate) => Object.hasOwn(candidate, type));
    if (table !== undefined) return table[type] ?? null;
  }
  return null;
}
