import type { Failure, FailurePhase } from '../../domain/job/failure.ts';
import { failureSentence, type ProviderFailureClass, type Subject } from './failure-sentence.ts';
import type { ErrorEvidence } from '../port.ts';
import { maskSecrets } from './mask-secrets.ts';
import { mediaGone, replyTooLarge, streamIncomplete } from './thrown.ts';

type Thrown = Exclude<ErrorEvidence, { readonly kind: 'reply' }>;
type Verdict = {
  readonly class: ProviderFailureClass;
  readonly phase: FailurePhase;
  readonly code: string;
};

/**
 * What the runtimes say, first match first. Node tells a refused connection and a failed look-up apart from
 * a reset; workerd mostly calls them all "Network connection lost." or "internal error", and then nobody
 * can know whether the request was taken.
 */
const texts: readonly (Verdict & { readonly pattern: RegExp })[] = [
  {
    pattern: /invalid url|failed to parse url|bad port|invalid header|bytestring/i,
    class: 'not_configured',
    phase: 'not_sent',
    code: 'request_not_built',
  },
  {
    pattern: /ECONNREFUSED|connection refused|connect (?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/i,
    class: 'network',
    phase: 'not_sent',
    code: 'connection_refused',
  },
  {
    pattern: /UND_ERR_CONNECT_TIMEOUT|connect(?:ion)? timed? ?out/i,
    class: 'network',
    phase: 'not_sent',
    code: 'connect_timeout',
  },
  {
    pattern: /ENOTFOUND|EAI_AGAIN|dns|failed to lookup|name or service not known|no such host/i,
    class: 'network',
    phase: 'not_sent',
    code: 'dns_failed',
  },
  {
    pattern: /certificate|CERT_|TLS handshake|WRONG_VERSION_NUMBER|tlsv1 alert/i,
    class: 'network',
    phase: 'not_sent',
    code: 'tls_failed',
  },
  {
    pattern: /timed? ?out|ETIMEDOUT|_TIMEOUT/i,
    class: 'timeout',
    phase: 'unknown',
    code: 'read_timeout',
  },
];

const connectionLost: Verdict = { class: 'network', phase: 'unknown', code: 'connection_lost' };

const ownFindings: Readonly<Record<string, Verdict>> = {
  [replyTooLarge]: { class: 'payload_too_large', phase: 'finished', code: 'reply_too_large' },
  [mediaGone]: { class: 'invalid_request', phase: 'not_sent', code: 'file_gone' },
  [streamIncomplete]: { class: 'network', phase: 'unknown', code: 'stream_incomplete' },
};

const wordsMax = 1_000;

/** The failure of a call that got no whole answer: for every adapter the same. */
export function transportFailure(
  evidence: Thrown,
  subject: Subject,
  secrets: readonly string[],
): Failure {
  if (evidence.kind === 'aborted') {
    const failureClass = evidence.by === 'cancel' ? 'cancelled' : 'timeout';
    const message = failureSentence(failureClass, subject);
    return { class: failureClass, phase: 'unknown', message, code: evidence.by };
  }
  const verdict = verdictOf(evidence.name, evidence.message);
  return {
    ...verdict,
    phase: evidence.sent ? verdict.phase : 'not_sent',
    message: failureSentence(verdict.class, subject),
    detail: { message: maskSecrets(evidence.message, secrets).slice(0, wordsMax) },
  };
}

function verdictOf(name: string, message: string): Verdict {
  const own = Object.hasOwn(ownFindings, name) ? ownFindings[name] : undefined;
  if (own !== undefined) return own;
  const known = texts.find(({ pattern }) => pattern.test(message));
  if (known === undefined) return connectionLost;
  return { class: known.class, phase: known.phase, code: known.code };
}
