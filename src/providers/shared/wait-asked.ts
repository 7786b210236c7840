import { httpDateMs, retryAfterMs } from '../../domain/retry-after.ts';
import type { WireReply } from '../port.ts';

const milliseconds = /^\d{1,9}(?:\.\d{1,9})?$/;

/**
 * How long the reply asks us to wait: by `retry-after-ms`, which several providers send, or else by `Retry-After`, a
 * date measured by the provider's own clock. Undefined when nothing usable was said.
 */
export function waitAskedMs({ headers }: Pick<WireReply, 'headers'>): number | undefined {
  const inMs = headers['retry-after-ms']?.trim() ?? '';
  if (milliseconds.test(inMs)) return Math.ceil(Number(inMs));
  return retryAfterMs(headers['retry-after'], httpDateMs(headers['date'] ?? '')) ?? undefined;
}
