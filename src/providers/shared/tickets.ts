import type { CallContext, Ticket } from '../port.ts';

/** An id goes into a path, so it must be nothing else. */
const idPattern = /^[\w-]{1,200}$/;

/** A ticket that is its id; null when the provider's id is none. */
export function ticketOf(id: string | null): Ticket | null {
  return id !== null && idPattern.test(id) ? { providerJobId: id, data: null } : null;
}

/** Time until the attempt is given up, in milliseconds and never below 0; null for an attempt without a deadline. */
export function msLeft({ deadlineAtMs }: Pick<CallContext, 'deadlineAtMs'>): number | null {
  return deadlineAtMs === undefined ? null : Math.max(0, deadlineAtMs - Date.now());
}

/** How long to wait before asking: long where the provider reports by itself, and asking only covers its silence. */
export function askAgainMs({ callbackUrl = null }: Pick<CallContext, 'callbackUrl'>): number {
  return callbackUrl === null ? 2_000 : 20_000;
}
