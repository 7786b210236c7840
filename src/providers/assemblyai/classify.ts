import type { Failure } from '../../domain/job/failure.ts';
import { isJsonObject, type Json } from '../../domain/json.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';
import { classOfStatus, phaseOfStatus } from '../http/status-class.ts';
import type { ErrorEvidence } from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { errorReplyFailure, noReplyFailure } from '../shared/failures.ts';
import { textAt } from '../shared/json-fields.ts';

/** UNVERIFIED: an account without credit is refused with one of several statuses; the words are what is common. */
const balanceWords = /account balance|insufficient (?:funds|credit)|add (?:funds|credit)|top up/i;

/** What went wrong with a request: `{error}`. */
export function classify(account: Account, evidence: ErrorEvidence, model: string | null): Failure {
  const asked = askedAt(account, model);
  if (evidence.kind !== 'reply') return noReplyFailure(asked, evidence);
  const { reply } = evidence;
  const message = wordsOf(reply.body);
  const verdict = { class: classOf(reply.status, message), phase: phaseOfStatus(reply.status) };
  return errorReplyFailure(asked, reply, verdict, { message, code: null });
}

function wordsOf(body: Json): string {
  if (typeof body === 'string') return body;
  const fields = isJsonObject(body) ? body : {};
  return textAt(fields, 'error') ?? textAt(fields, 'detail') ?? JSON.stringify(body);
}

function classOf(status: number, message: string): ProviderFailureClass {
  if (status < 300) return 'provider_internal';
  if (status < 500 && status !== 429 && balanceWords.test(message)) return 'billing_exhausted';
  return classOfStatus(status);
}

/** What a transcript's own `error` says of its sound. Everything else is a fault of the server: resubmit. */
const soundWords: readonly { readonly pattern: RegExp; readonly code: string }[] = [
  { pattern: /no spoken audio|does not appear to contain (?:audio|speech)/i, code: 'no_speech' },
  { pattern: /too short|too long/i, code: 'audio_length' },
  {
    pattern: /transcoding failed|file type|unsupported|unable to (?:read|decode)/i,
    code: 'audio_unreadable',
  },
  { pattern: /language .*not supported|language_code/i, code: 'language_unsupported' },
];

/** AssemblyAI's own advice for transcripts that fail on its side is to submit them again. */
export function verdictOfTranscript(words: string): {
  readonly class: ProviderFailureClass;
  readonly code: string;
} {
  const known = soundWords.find(({ pattern }) => pattern.test(words));
  return known === undefined
    ? { class: 'provider_internal', code: 'transcript_error' }
    : { class: 'invalid_request', code: known.code };
}
