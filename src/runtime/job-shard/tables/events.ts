import type { JobEvent } from '../../../domain/job/event.ts';
import type { JobId } from '../../../domain/ids.ts';
import { text, type Sql } from '../sql.ts';

/** Events as stored: one JSON line each, ended by a newline. */
export function toLines(events: readonly JobEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

function parseLines(lines: string): JobEvent[] {
  return lines.split('\n').flatMap((line) => (line === '' ? [] : [parseLine(line)]));
}

function parseLine(line: string): JobEvent {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- lines are written by toLines only
  return JSON.parse(line) as JobEvent;
}

/** The newest events, as lines. */
export function tailOf(sql: Sql, jobId: JobId): string {
  const [row] = sql.exec('SELECT tail FROM jobs WHERE job_id = ?', jobId);
  return row === undefined ? '' : text(row, 'tail');
}

/** Moves lines out of the tail into a row of their own. */
export function insertEvents(sql: Sql, jobId: JobId, firstSeq: number, lines: string): void {
  sql.exec(
    'INSERT INTO events (job_id, first_seq, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    jobId,
    firstSeq,
    lines,
  );
}

/** The job's events after `afterSeq`, in order, at most `limit` of them. */
export function eventsAfter(sql: Sql, jobId: JobId, afterSeq: number, limit: number): JobEvent[] {
  const rows = sql.exec(
    `SELECT body FROM events WHERE job_id = ?1 AND first_seq >= (
       SELECT COALESCE(MAX(first_seq), 0) FROM events WHERE job_id = ?1 AND first_seq <= ?2 + 1)
     ORDER BY first_seq`,
    jobId,
    afterSeq,
  );
  const found: JobEvent[] = [];
  for (const lines of [...rows.map((row) => text(row, 'body')), tailOf(sql, jobId)]) {
    found.push(...parseLines(lines).filter((event) => event.seq > afterSeq));
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
}
