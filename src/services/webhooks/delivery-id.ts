import type { Announcement } from '../../domain/webhook.ts';
import type { Machine } from '../ports/runtime.ts';

/**
 * The id of an announcement's delivery to a receiver: an endpoint's id, or `jobs-<n>`. It follows from both, so that what is
 * accepted twice is one delivery. It begins with the moment of what happened, so that deliveries sort by it.
 */
export async function deliveryIdOf(
  { sha256 }: Pick<Machine, 'sha256'>,
  receiver: string,
  { id, atMs }: Pick<Announcement, 'id' | 'atMs'>,
): Promise<string> {
  const hash = await sha256(`${receiver} ${id}`);
  return `${firstDeliveryIdAt(atMs)}${hash.slice(0, 20)}`;
}

/** The moment with which a delivery's id begins: a lower bound on all ids from then on. */
export function firstDeliveryIdAt(ms: number): string {
  return `whd_${Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0')}`;
}
