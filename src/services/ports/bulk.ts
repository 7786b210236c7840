import type { Bulk, BulkId } from '../../domain/bulk.ts';
import type { ProjectId } from '../../domain/ids.ts';

/** One bulk action, where it runs. Every call may be repeated. */
export type BulkHome = {
  /** Begins it, unless it has begun before; gives it as it stands. */
  start(bulk: Bulk): Promise<Bulk>;
  /** Null when there is none. */
  read(): Promise<Bulk | null>;
  /** Ends it before the next job; one that is over stays as it is. */
  abort(): Promise<Bulk | null>;
};

export type Bulks = { of(project: ProjectId, id: BulkId): BulkHome };

/** Bulk actions as lists show them: a copy in D1, of the beginning and of the end. */
export type BulkIndex = {
  put(bulk: Bulk): Promise<void>;
  remove(project: ProjectId, id: BulkId): Promise<void>;
  /** Newest first; only those older than `after`. */
  list(project: ProjectId, after: BulkId | null, limit: number): Promise<readonly Bulk[]>;
};
