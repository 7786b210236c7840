import type { FailurePhase } from '../../domain/job/failure.ts';
import type { ProviderFailureClass } from './failure-sentence.ts';

const classByStatus: Readonly<Record<number, ProviderFailureClass>> = {
  401: 'auth',
  402: 'billing_exhausted',
  403: 'permission',
  404: 'not_found_model',
  408: 'timeout',
  409: 'overloaded',
  413: 'payload_too_large',
  429: 'rate_limited',
  498: 'overloaded',
  499: 'timeout',
  503: 'overloaded',
  504: 'timeout',
  524: 'timeout',
  529: 'overloaded',
};

/** The class of an HTTP status whose body says nothing better. A redirect means a wrong base URL. */
export function classOfStatus(status: number): ProviderFailureClass {
  const known = classByStatus[status];
  if (known !== undefined) return known;
  if (status >= 500) return 'provider_internal';
  if (status >= 400) return 'invalid_request';
  return status >= 300 ? 'not_configured' : 'unknown';
}

/** Did the provider refuse before it worked? A 5xx or a timeout after the body was sent leaves that open. */
export function phaseOfStatus(status: number): FailurePhase {
  if (status === 529) return 'rejected';
  return status >= 500 || classByStatus[status] === 'timeout' ? 'unknown' : 'rejected';
}
