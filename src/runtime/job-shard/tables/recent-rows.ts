import type { JobId } from '../../../domain/ids.ts';
import type { Sql } from '../sql.ts';
import type { JobRow } from './job-row.ts';

/**
 * Jobs' rows as they stand in the database, already read: only its shard writes them, and each hop of a job reads its
 * row again. Bounded by the length of their JSON, because an isolate holds many shards; the longest unused go first. A
 * transaction that fails forgets all of them.
 */
export type RecentRows = {
  get(jobId: JobId): JobRow | undefined;
  /** `characters`: how long the row's JSON is, about. */
  put(jobId: JobId, row: JobRow, characters: number): void;
  forget(jobId: JobId): void;
};

const CHARACTERS_MAX = 500_000;

const kept = new WeakMap<Sql, RecentRows>();

/** The same database, with a memory of the rows of jobs. */
export function rememberingRows(sql: Sql): Sql {
  const rows = makeRecentRows();
  const remembering: Sql = {
    exec: (query, ...bindings) => sql.exec(query, ...bindings),
    transaction(work) {
      try {
        return sql.transaction(work);
      } catch (error) {
        rows.clear();
        throw error;
      }
    },
    sizeBytes: () => sql.sizeBytes(),
  };
  kept.set(remembering, rows);
  return remembering;
}

/** What is remembered of a database; undefined for one that remembers nothing. */
export function recentRows(sql: Sql): RecentRows | undefined {
  return kept.get(sql);
}

type Kept = { readonly row: JobRow; readonly characters: number };

function makeRecentRows(): RecentRows & { clear(): void } {
  /** The longest unused first. */
  const rows = new Map<JobId, Kept>();
  let total = 0;

  function forget(jobId: JobId): void {
    total -= rows.get(jobId)?.characters ?? 0;
    rows.delete(jobId);
  }

  return {
    get(jobId) {
      const found = rows.get(jobId);
      if (found === undefined) return undefined;
      rows.delete(jobId);
      rows.set(jobId, found);
      return found.row;
    },
    put(jobId, row, characters) {
      forget(jobId);
      rows.set(jobId, { row, characters });
      total += characters;
      for (const oldest of rows.keys()) {
        if (total <= CHARACTERS_MAX) return;
        forget(oldest);
      }
    },
    forget,
    clear() {
      rows.clear();
      total = 0;
    },
  };
}
