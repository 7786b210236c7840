import type { Failure, FailureClass } from '../../domain/job/failure.ts';
import type { UrlRefusal } from './url-rules.ts';

/** A URL that is not called: `code` names the rule that it breaks. */
export function refusalFailure({ rule, message }: UrlRefusal): Failure {
  return { class: 'step_input_invalid', phase: 'not_sent', code: rule, message };
}

export function networkFailure(phase: Failure['phase'], code: string, message: string): Failure {
  return { class: 'network', phase, code, message };
}

/** An answer without a file. */
export function statusFailure({ status, headers }: Response): Failure {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  const retryAfter =
    Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1_000 } : {};
  return {
    class: classOf(status),
    phase: status >= 500 ? 'unknown' : 'rejected',
    code: `http_${status}`,
    message: `the server answered ${status} instead of a file`,
    status,
    ...retryAfter,
  };
}

/** RFC 9110, section 15. A file that is not there is a request that cannot be fulfilled, however often it is repeated. */
function classOf(status: number): FailureClass {
  if (status === 429) return 'rate_limited';
  if (status === 408 || status === 504) return 'timeout';
  if (status === 503) return 'overloaded';
  if (status === 401 || status === 403) return 'permission';
  return status >= 500 ? 'provider_internal' : 'invalid_request';
}
