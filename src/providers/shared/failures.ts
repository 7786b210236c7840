/** The failures that every adapter makes in the same way, and the only place where a provider's words enter one. */
import type { Failure, FailurePhase } from '../../domain/job/failure.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Execution, ModelCall, ModelKind } from '../../domain/model/model-call.ts';
import {
  failureSentence,
  type ProviderFailureClass,
  type Subject,
} from '../http/failure-sentence.ts';
import { maskSecrets } from '../http/mask-secrets.ts';
import { abortedBy } from '../http/thrown.ts';
import { transportFailure } from '../http/transport-failure.ts';
import type { ErrorEvidence, WireReply } from '../port.ts';
import { waitAskedMs } from './wait-asked.ts';

/** Who was asked for what, and the secrets that no answer may show. */
export type Asked = Subject & { readonly secrets: readonly string[] };

export type Verdict = { readonly class: ProviderFailureClass; readonly phase: FailurePhase };

/** What a provider said about an error. */
export type Said = {
  readonly message: string;
  /** Its machine-readable code; put into the failure only if it looks like one. */
  readonly code: string | null;
  /** Further words for `detail`, by name; those that are null are left out. */
  readonly more?: Readonly<Record<string, string | null>>;
};

const wordsMax = 1_000;
const codePattern = /^[\w.:-]{1,64}$/;

/** A provider's words, fit to be kept: without secrets and of bounded length. */
export function ownWords(text: string, { secrets }: Pick<Asked, 'secrets'>): string {
  return maskSecrets(text, secrets).slice(0, wordsMax);
}

/** The code, where it may stand beside our own words: it must look like one and hold no secret. */
function safeCode(code: string | null, { secrets }: Pick<Asked, 'secrets'>): string | null {
  const isSafe = code !== null && codePattern.test(code) && maskSecrets(code, secrets) === code;
  return isSafe ? code : null;
}

/** The failure of a reply that is an error, by its status or inside a success. */
export function errorReplyFailure(
  asked: Asked,
  reply: WireReply,
  verdict: Verdict,
  said: Said,
): Failure {
  const waitMs = waitAskedMs(reply);
  const code = safeCode(said.code, asked);
  return {
    class: verdict.class,
    phase: verdict.phase,
    message: failureSentence(verdict.class, asked, reply.status),
    status: reply.status,
    ...(code === null ? {} : { code }),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    detail: { message: ownWords(said.message, asked), ...wordsOf(said.more ?? {}, asked) },
  };
}

/** The failure of a call that got no whole answer. */
export function noReplyFailure(
  asked: Asked,
  evidence: Exclude<ErrorEvidence, { readonly kind: 'reply' }>,
): Failure {
  return transportFailure(evidence, asked, asked.secrets);
}

/** The work was done, and is charged, but there is no result to use. */
export function finishedFailure(
  asked: Asked,
  reply: Pick<WireReply, 'status'>,
  failureClass: ProviderFailureClass,
  said: { readonly code: string; readonly words?: string | null },
): Failure {
  const { words = null } = said;
  const code = safeCode(said.code, asked);
  return {
    class: failureClass,
    phase: 'finished',
    message: failureSentence(failureClass, asked),
    ...(code === null ? {} : { code }),
    status: reply.status,
    ...(words === null ? {} : { detail: { message: ownWords(words, asked) } }),
  };
}

/** A success that cannot be read. Whether it was worked for, nobody can tell. */
export function unreadableFailure(asked: Asked, reply: WireReply): Failure {
  const isText = typeof reply.body === 'string';
  const text = isText ? reply.body : JSON.stringify(reply.body);
  return {
    class: 'provider_internal',
    phase: 'unknown',
    message: failureSentence('provider_internal', asked, reply.status),
    code: isText ? 'reply_not_json' : 'reply_malformed',
    status: reply.status,
    detail: { message: ownWords(text, asked) },
  };
}

/**
 * What is known to fail before anything leaves: a kind that the provider lacks, a field that it cannot be told
 * (`missing`), a start that comes too late. Null when the call may go out.
 */
export function refuseUnsent(
  asked: Asked,
  kinds: readonly ModelKind[],
  call: ModelCall,
  missing: readonly string[],
  signal: AbortSignal,
): Failure | null {
  if (!kinds.includes(call.kind)) return unsupportedKind(asked.provider, call.kind);
  if (missing.length > 0) {
    const message = failureSentence('unsupported_parameter', asked);
    const detail = { parameters: missing };
    return { class: 'unsupported_parameter', phase: 'not_sent', message, detail };
  }
  return signal.aborted ? abortedUnsent(asked, signal) : null;
}

export function unsupportedKind(provider: string, kind: ModelKind): Failure {
  const message = `${provider} has no models of kind ${kind}. Choose another provider for this target.`;
  return { class: 'invalid_request', phase: 'not_sent', message, code: 'unsupported_kind' };
}

/** A way of asking that the provider does not have for this kind; a call that names none takes any. */
export function refuseExecution(
  { provider }: Asked,
  { kind, execution }: ModelCall,
  executions: readonly Execution[],
): Failure | null {
  if (execution === undefined || executions.includes(execution)) return null;
  const message = `${provider} has no ${execution} execution for ${kind}. Choose one of: ${executions.join(', ')}.`;
  return { class: 'invalid_request', phase: 'not_sent', message, code: 'unsupported_execution' };
}

/** The job was cancelled, or the attempt's time was over, before the call began. */
export function abortedUnsent(asked: Asked, signal: AbortSignal): Failure {
  const aborted = noReplyFailure(asked, { kind: 'aborted', by: abortedBy(signal) });
  return { ...aborted, phase: 'not_sent' };
}

function wordsOf(more: Readonly<Record<string, string | null>>, asked: Asked): JsonObject {
  const words: Record<string, string> = {};
  for (const [name, text] of Object.entries(more)) {
    if (text !== null) words[name] = ownWords(text, asked);
  }
  return words;
}
