import type { Failure, FailureClass } from '../../domain/job/failure.ts';
import { httpDateMs, retryAfterMs } from '../../domain/retry-after.ts';
import type { UrlRefusal } from './url-rules.ts';

/** A URL that is not called: `code` names the rule that it breaks. */
export function refusalFailure({ rule, message }: UrlRefusal): Failure {
  return { class: 'step_input_invalid', phase: 'not_sent', code: rule, message };
}

export function networkFailure(phase: Failure['phase'], code: string, message: string): Failure {
  return { class: 'network', phase, code, message };
}

/** An answer without a file. A date that it asks to wait for is measured by the server's own clock. */
export function statusFailure({ status, headers }: Response): Failure {
  const waitMs = retryAfterMs(headers.get('retry-after'), httpDateMs(headers.get('date') ?? ''));
  return {
    class: classOf(status),
    phase: status >= 500 ? 'unknown' : 'rejected',
    code: `http_${status}`,
    message: `the server answered ${status} instead of a file`,
    status,
    ...(waitMs === null ? {} : { retryAfterMs: waitMs }),
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
