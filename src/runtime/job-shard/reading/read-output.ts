import type { OutputRequest } from '../../../services/ports/job-shard/snapshot.ts';
import type { PayloadOnTheWay } from '../../../services/ports/job-shard/payload.ts';
import type { ShardContext } from '../context.ts';
import { getPayload } from '../payload-box.ts';
import { loadItem } from '../tables/items.ts';
import { loadJob, type JobRow } from '../tables/jobs.ts';

/** An output that a job has recorded; null when it was erased, was replaced, or never was. */
export function readOutput(context: ShardContext, request: OutputRequest): PayloadOnTheWay | null {
  const { sql } = context.ports;
  const { jobId, sha256 } = request;
  const row = loadJob(sql, jobId);
  if (row === null || row.book.erased) return null;
  const stored = storedOutput(context, row, request);
  if (stored === null || stored.sha256 !== sha256) return null;
  if (stored.at === 'r2') return { stored };
  const value = getPayload(sql, jobId, row.inline, stored.key);
  return value === undefined ? null : { stored, value };
}

function storedOutput(
  { ports }: ShardContext,
  { state }: JobRow,
  { jobId, step, item }: OutputRequest,
): PayloadOnTheWay['stored'] | null {
  if (item !== null) return loadItem(ports.sql, jobId, step, item)?.output ?? null;
  const phase = Object.hasOwn(state.steps, step) ? state.steps[step]?.phase : undefined;
  return phase?.status === 'succeeded' ? phase.output : null;
}
