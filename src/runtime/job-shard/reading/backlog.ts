import type { Backlog } from '../../../services/ports/backlogs.ts';
import type { Sql } from '../sql.ts';

/**
 * A job that waits for a runner is attended to again within minutes, so it stands among those that are due soon; those
 * that are over, or wait for long, are not looked at.
 */
const SOON_MS = 3_600_000;

export function readBacklog(sql: Sql, nowMs: number): Backlog {
  const [row] = sql.exec(
    `SELECT COUNT(*) AS jobs, MIN(book->>'$.waiting.sinceMs') AS since FROM jobs
     WHERE due_at <= ? AND book->>'$.waiting.kind' = 'runner'`,
    nowMs + SOON_MS,
  );
  const since = row?.['since'];
  return {
    jobs: Number(row?.['jobs'] ?? 0),
    oldestSinceMs: typeof since === 'number' ? since : null,
  };
}
