import type { ProviderFailureClass } from '../../http/failure-sentence.ts';

/** The classes of failure that a service's own codes may stand for. */
export const reportableClasses = [
  'rate_limited',
  'overloaded',
  'timeout',
  'provider_internal',
  'auth',
  'billing_exhausted',
  'permission',
  'not_found_model',
  'invalid_request',
  'unsupported_parameter',
  'context_length',
  'content_blocked_input',
  'content_blocked_output',
  'payload_too_large',
  'output_invalid',
] as const satisfies readonly ProviderFailureClass[];
