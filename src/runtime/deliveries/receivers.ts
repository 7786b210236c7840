/** Receivers as they are named in their objects' names and in queue messages: an endpoint's id, or `jobs-<n>`. */

/** Jobs' own webhooks of a project lie in so many objects. More would find nothing of what lies there already. */
const OBJECTS_OF_JOBS = 4;

/** The object of an origin: FNV-1a, 32 bit (RFC 9923). */
export function receiverOfOrigin(origin: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(origin)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return `jobs-${hash % OBJECTS_OF_JOBS}`;
}

export const receiversOfJobs: readonly string[] = Array.from(
  { length: OBJECTS_OF_JOBS },
  (_, index) => `jobs-${index}`,
);

/** Null for jobs' own webhooks. */
export function endpointOf(receiver: string): string | null {
  return receiversOfJobs.includes(receiver) ? null : receiver;
}
