import type { EventType } from './event.ts';

/** The events that end a job. */
export const jobEndTypes = [
  'job.succeeded',
  'job.partially_succeeded',
  'job.failed',
  'job.cancelled',
  'job.expired',
  'job.timed_out',
] as const satisfies readonly EventType[];

const ENDS: ReadonlySet<string> = new Set(jobEndTypes);

export function endsJob(type: string): boolean {
  return ENDS.has(type);
}
