import type { JobId, ProjectId } from '../../domain/ids.ts';
import type { JobStatus } from '../../domain/job/job.ts';
import type { WaitingKind } from '../../domain/job/waiting.ts';

/** Jobs as lists show them: a copy in D1, a moment behind the shards. */
export type IndexedJob = {
  readonly id: JobId;
  readonly pipeline: string;
  readonly version: number;
  readonly status: JobStatus;
  readonly reasonCode: string | null;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly costNanoUsd: number;
  readonly unpricedAttempts: number;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly requestId: string;
  readonly traceId: string;
  /** What the job has waited for longer than a moment; null while it does not. */
  readonly waitingOn: { readonly kind: WaitingKind; readonly untilAtMs: number | null } | null;
};

export type JobFilter = {
  readonly statuses: readonly JobStatus[];
  /** Only jobs that wait for one of these; all when empty or absent. */
  readonly waitingOn?: readonly WaitingKind[];
  readonly pipeline: string | null;
  readonly version: number | null;
  readonly tag: string | null;
  /** Only jobs with an id below this one: the last of the page before. */
  readonly before: string | null;
  /** Only jobs with an id at or above this one. */
  readonly from: string | null;
};

export type JobIndex = {
  /** Newest first. */
  list(project: ProjectId, filter: JobFilter, limit: number): Promise<readonly IndexedJob[]>;
};
