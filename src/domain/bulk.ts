import { z } from 'zod';

import { scopes } from './access.ts';
import { isJobId, isProjectId, type JobId, type ProjectId } from './ids.ts';
import { jobStatuses } from './job/job.ts';

/**
 * An action on all jobs that a filter finds. PERSISTED CONTRACT: stored in its object and, as a copy, in D1; new
 * fields are optional.
 */
export const bulkVerbs = ['cancel', 'rerun'] as const;
export const bulkStatuses = ['running', 'succeeded', 'aborted'] as const;

const BULK_ID = /^bulk_[0-9a-f]{32}$/;
export type BulkId = string & { readonly __brand: 'BulkId' };

export function isBulkId(text: string): text is BulkId {
  return BULK_ID.test(text);
}

/** The id made of the first 32 of these hexadecimal digits; dashes between them do not count. */
export function bulkIdOf(digits: string): BulkId {
  const id = `bulk_${digits.replaceAll('-', '').slice(0, 32)}`;
  if (!isBulkId(id)) throw new RangeError(`not 32 hexadecimal digits: ${digits}`);
  return id;
}

const bulkId = z.custom<BulkId>((value) => typeof value === 'string' && isBulkId(value));
const jobId = z.custom<JobId>((value) => typeof value === 'string' && isJobId(value));
const project = z.custom<ProjectId>((value) => typeof value === 'string' && isProjectId(value));

const counts = z.object({
  /** Jobs that the filter has found so far. */
  matched: z.number(),
  done: z.number(),
  /** Jobs with which there was nothing to do. */
  skipped: z.number(),
  failed: z.number(),
});

const failure = z.object({ jobId, code: z.string(), message: z.string() });

export const bulkSchema = z.object({
  id: bulkId,
  project,
  action: z.enum(bulkVerbs),
  filter: z.object({
    statuses: z.array(z.enum(jobStatuses)),
    pipeline: z.string().nullable(),
    version: z.number().nullable(),
    tag: z.string().nullable(),
    createdAfterMs: z.number().nullable(),
    createdBeforeMs: z.number().nullable(),
  }),
  rerun: z.object({ fromStep: z.string().nullable(), version: z.number().nullable() }),
  ratePerSecond: z.number(),
  /** The most jobs it deals with. */
  limit: z.number(),
  dryRun: z.boolean(),
  /** In whose name it acts. */
  actor: z.object({
    id: z.string(),
    scopes: z.array(z.enum(scopes)),
    isRoot: z.boolean(),
    maxConcurrentJobs: z.number().nullable().optional(),
  }),
  correlation: z.object({ requestId: z.string(), traceId: z.string() }),
  /** What was sent under its idempotency key, as a hash; null without a key. */
  bodyHash: z.string().nullable(),
  createdAtMs: z.number(),
  finishedAtMs: z.number().nullable(),
  status: z.enum(bulkStatuses),
  counts,
  /** The first jobs that failed, and why. */
  failures: z.array(failure),
  /** The job that was dealt with last. */
  cursor: jobId.nullable(),
  /** When the next jobs may be dealt with, as the rate wants it. */
  nextAtMs: z.number(),
  /** How often the job after the cursor was tried in vain. */
  tries: z.number(),
  /** The status that D1 knows; null before it knows anything. */
  told: z.enum(bulkStatuses).nullable(),
});
export type Bulk = z.infer<typeof bulkSchema>;
export type BulkFilter = Bulk['filter'];
