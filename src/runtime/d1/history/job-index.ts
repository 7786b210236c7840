import { and, desc, eq, gte, inArray, lt, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { z } from 'zod';

import { isJobId } from '../../../domain/ids.ts';
import { jobStatuses } from '../../../domain/job/job.ts';
import { waitingKinds } from '../../../domain/job/waiting.ts';
import type { IndexedJob, JobFilter, JobIndex } from '../../../services/ports/job-index.ts';
import { jobs, jobTags } from '../job-schema.ts';

const status = z.enum(jobStatuses);
const tags = z.array(z.string());
const metadata = z.record(z.string(), z.string());

/** The jobs that D1 knows of, as the history consumer has told it. */
export function makeJobIndex(d1: D1Database): JobIndex {
  const db = drizzle(d1);
  return {
    async list(project, filter, limit) {
      const where = and(eq(jobs.project, project), ...conditions(filter));
      if (filter.tag === null) {
        const rows = await db.select().from(jobs).where(where).orderBy(desc(jobs.id)).limit(limit);
        return rows.flatMap(jobOf);
      }
      const rows = await db
        .select({ job: jobs })
        .from(jobTags)
        .innerJoin(jobs, and(eq(jobs.project, jobTags.project), eq(jobs.id, jobTags.jobId)))
        .where(and(eq(jobTags.project, project), eq(jobTags.tag, filter.tag), where))
        .orderBy(desc(jobTags.jobId))
        .limit(limit);
      return rows.flatMap(({ job }) => jobOf(job));
    },
  };
}

function conditions({
  statuses,
  waitingOn = [],
  pipeline,
  version,
  before,
  from,
}: JobFilter): SQL[] {
  return [
    ...(statuses.length === 0 ? [] : [inArray(jobs.status, [...statuses])]),
    ...(waitingOn.length === 0 ? [] : [inArray(jobs.waitingKind, [...waitingOn])]),
    ...(pipeline === null ? [] : [eq(jobs.pipeline, pipeline)]),
    ...(version === null ? [] : [eq(jobs.version, version)]),
    ...(before === null ? [] : [lt(jobs.id, before)]),
    ...(from === null ? [] : [gte(jobs.id, from)]),
  ];
}

/** A row as a list of one; of none if it is not a job, which no writer of ours writes. */
function jobOf({
  id,
  createdAt,
  startedAt,
  finishedAt,
  ...row
}: typeof jobs.$inferSelect): IndexedJob[] {
  if (!isJobId(id)) return [];
  return [
    {
      id,
      pipeline: row.pipeline,
      version: row.version,
      status: status.parse(row.status),
      reasonCode: row.reasonCode,
      createdAtMs: createdAt,
      startedAtMs: startedAt,
      finishedAtMs: finishedAt,
      costNanoUsd: row.costNanoUsd,
      unpricedAttempts: row.unpricedAttempts,
      tags: tags.parse(row.tags),
      metadata: metadata.parse(row.metadata),
      requestId: row.requestId,
      traceId: row.traceId,
      waitingOn: waitingOf(row.waitingKind, row.waitingUntil),
    },
  ];
}

/** A reason that this release does not know is shown as none: another one has written it. */
function waitingOf(kind: string | null, untilAtMs: number | null): IndexedJob['waitingOn'] {
  const known = waitingKinds.find((name) => name === kind);
  return known === undefined ? null : { kind: known, untilAtMs };
}
