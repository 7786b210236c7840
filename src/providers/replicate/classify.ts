import type { Failure } from '../../domain/job/failure.ts';
import { isJsonObject, type Json } from '../../domain/json.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';
import { classOfStatus, phaseOfStatus } from '../http/status-class.ts';
import type { ErrorEvidence } from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { errorReplyFailure, noReplyFailure, type Verdict } from '../shared/failures.ts';
import { textAt } from '../shared/json-fields.ts';

/** What went wrong with a request. `model` is named in the message where known. */
export function classify(account: Account, evidence: ErrorEvidence, model: string | null): Failure {
  const asked = askedAt(account, model);
  if (evidence.kind !== 'reply') return noReplyFailure(asked, evidence);
  const { reply } = evidence;
  const words = wordsOf(reply.body);
  const failure = errorReplyFailure(asked, reply, verdictOf(reply.status, words), {
    message: words,
    code: null,
  });
  const waitMs = failure.retryAfterMs ?? waitInWords(words);
  return waitMs === undefined ? failure : { ...failure, retryAfterMs: waitMs };
}

/** `{detail}`, or RFC 7807's `{title, detail, status, invalid_fields}`. */
function wordsOf(body: Json): string {
  if (typeof body === 'string') return body;
  const fields = isJsonObject(body) ? body : {};
  const said = [textAt(fields, 'title'), textAt(fields, 'detail')].filter((text) => text !== null);
  return said.length === 0 ? JSON.stringify(body) : said.join(': ');
}

function verdictOf(status: number, words: string): Verdict {
  return { class: classOf(status, words), phase: phaseOfStatus(status) };
}

/** A success that is an error has no status to go by. */
function classOf(status: number, words: string): ProviderFailureClass {
  if (status < 300) return 'provider_internal';
  // UNVERIFIED: how a version that does not exist, or is someone else's, is refused.
  if (status === 422 && /invalid version|version .*not (?:exist|permitted)/i.test(words)) {
    return 'not_found_model';
  }
  return classOfStatus(status);
}

/** `Your rate limit resets in ~30s.` */
function waitInWords(words: string): number | undefined {
  const seconds = /resets in ~?(\d{1,5})\s?s/i.exec(words)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** What a prediction's own `error` says, first match first; models write it as they like. */
const predictionErrors: readonly {
  readonly pattern: RegExp;
  readonly class: ProviderFailureClass;
  readonly code: string;
}[] = [
  {
    pattern: /nsfw|\bE005\b|flagged as sensitive|safety (?:checker|filter|system)|content policy/i,
    class: 'content_blocked_output',
    code: 'content_flagged',
  },
  {
    pattern: /out ?of ?memory|\bE1001\b|\bOOM\b/i,
    class: 'payload_too_large',
    code: 'out_of_memory',
  },
  { pattern: /timed out|timeout/i, class: 'timeout', code: 'prediction_timeout' },
  {
    pattern: /interrupted|please retry|\(code: PA\)|queue is full|E003\b/i,
    class: 'overloaded',
    code: 'prediction_interrupted',
  },
];

/** The class and code of a prediction that failed while it ran. */
export function verdictOfPrediction(words: string): {
  readonly class: ProviderFailureClass;
  readonly code: string;
} {
  const known = predictionErrors.find(({ pattern }) => pattern.test(words));
  return known ?? { class: 'provider_internal', code: 'prediction_failed' };
}
