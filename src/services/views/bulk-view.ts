import { z } from 'zod';

import { bulkStatuses, bulkVerbs, type Bulk } from '../../domain/bulk.ts';
import { jobStatuses } from '../../domain/job/job.ts';
import { isoTime } from '../../domain/wire.ts';

const time = z.iso.datetime();

export const bulkViewSchema = z
  .object({
    object: z.literal('bulk'),
    id: z.string(),
    action: z.enum(bulkVerbs),
    filter: z.object({
      status: z.array(z.enum(jobStatuses)),
      pipeline: z.string().nullable(),
      version: z.int().nullable(),
      tag: z.string().nullable(),
      created_after: time.nullable(),
      created_before: time.nullable(),
    }),
    rerun: z.object({ from_step: z.string().nullable(), version: z.int().nullable() }).nullable(),
    rate_per_second: z.int(),
    limit: z.int(),
    dry_run: z.boolean(),
    status: z.enum(bulkStatuses),
    counts: z.object({ matched: z.int(), done: z.int(), skipped: z.int(), failed: z.int() }).meta({
      description:
        '`matched` jobs were found so far; `skipped` are those with which there was nothing to do',
    }),
    failures: z
      .array(z.object({ job_id: z.string(), code: z.string(), message: z.string() }))
      .meta({ description: 'The first 20 jobs that failed' }),
    created_at: time,
    finished_at: time.nullable(),
    created_by: z.string(),
    request_id: z.string().meta({ description: 'Also that of the jobs it makes' }),
    urls: z.object({ self: z.string(), abort: z.string() }),
  })
  .meta({ id: 'Bulk' });
export type BulkView = z.infer<typeof bulkViewSchema>;

/** A bulk action as the API shows it. */
export function bulkView(bulk: Bulk): BulkView {
  const { id, filter, rerun } = bulk;
  return {
    object: 'bulk',
    id,
    action: bulk.action,
    filter: {
      status: filter.statuses,
      pipeline: filter.pipeline,
      version: filter.version,
      tag: filter.tag,
      created_after: timeOrNull(filter.createdAfterMs),
      created_before: timeOrNull(filter.createdBeforeMs),
    },
    rerun: bulk.action === 'rerun' ? { from_step: rerun.fromStep, version: rerun.version } : null,
    rate_per_second: bulk.ratePerSecond,
    limit: bulk.limit,
    dry_run: bulk.dryRun,
    status: bulk.status,
    counts: bulk.counts,
    failures: bulk.failures.map(({ jobId, code, message }) => ({ job_id: jobId, code, message })),
    created_at: isoTime(bulk.createdAtMs),
    finished_at: timeOrNull(bulk.finishedAtMs),
    created_by: bulk.actor.id,
    request_id: bulk.correlation.requestId,
    urls: { self: `/v1/bulk/${id}`, abort: `/v1/bulk/${id}/abort` },
  };
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}
