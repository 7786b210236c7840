import { isJobId, type JobId } from '../../../domain/ids.ts';
import type { JobState } from '../../../domain/job/job.ts';
import type { Book } from '../book.ts';
import { integer, text, type Sql } from '../sql.ts';
import type { Inline, JobRow } from './job-row.ts';
import { jsonColumn } from './json-column.ts';
import { recentRows } from './recent-rows.ts';

export type { Inline, JobRow } from './job-row.ts';

/** What a commit changes in a job's row; null leaves a column untouched. */
export type JobChange = {
  readonly state: JobState;
  readonly book: Book;
  readonly inline: Inline | null;
  readonly dueAtMs: number | null;
  readonly tail: { readonly kind: 'append' | 'replace'; readonly lines: string } | null;
};

export function loadJob(sql: Sql, jobId: JobId): JobRow | null {
  const recent = recentRows(sql);
  const known = recent?.get(jobId);
  if (known !== undefined) return known;
  const [row] = sql.exec('SELECT due_at, state, book, inline FROM jobs WHERE job_id = ?', jobId);
  if (row === undefined) return null;
  const loaded: JobRow = {
    state: jsonColumn<JobState>(row, 'state'),
    book: jsonColumn<Book>(row, 'book'),
    inline: jsonColumn<Inline>(row, 'inline'),
    dueAtMs: integer(row, 'due_at'),
  };
  const characters = text(row, 'state').length + text(row, 'book').length;
  recent?.put(jobId, loaded, characters + loaded.book.inlineLength);
  return loaded;
}

/** The state alone, without what lies in the job's row beside it. */
export function loadState(sql: Sql, jobId: JobId): JobState | null {
  const known = recentRows(sql)?.get(jobId);
  if (known !== undefined) return known.state;
  const [row] = sql.exec('SELECT state FROM jobs WHERE job_id = ?', jobId);
  return row === undefined ? null : jsonColumn<JobState>(row, 'state');
}

export function insertJob(sql: Sql, jobId: JobId, row: JobRow, tail: string): void {
  const [state, book, dueAtMs] = [
    JSON.stringify(row.state),
    JSON.stringify(row.book),
    Math.floor(row.dueAtMs),
  ];
  sql.exec(
    'INSERT INTO jobs (job_id, due_at, state, book, tail, inline) VALUES (?, ?, ?, ?, ?, ?)',
    jobId,
    dueAtMs,
    state,
    book,
    tail,
    JSON.stringify(row.inline),
  );
  const characters = state.length + book.length + row.book.inlineLength;
  recentRows(sql)?.put(jobId, { ...row, dueAtMs }, characters);
}

/** Writes one row, and a second one, of the index, only when `due_at` moves. */
export function updateJob(sql: Sql, jobId: JobId, change: JobChange): void {
  const columns = ['state = ?', 'book = ?'];
  const [state, book] = [JSON.stringify(change.state), JSON.stringify(change.book)];
  const values: (string | number)[] = [state, book];
  if (change.tail !== null) {
    columns.push(change.tail.kind === 'append' ? 'tail = tail || ?' : 'tail = ?');
    values.push(change.tail.lines);
  }
  if (change.inline !== null) {
    columns.push('inline = ?');
    values.push(JSON.stringify(change.inline));
  }
  if (change.dueAtMs !== null) {
    columns.push('due_at = ?');
    values.push(Math.floor(change.dueAtMs));
  }
  sql.exec(`UPDATE jobs SET ${columns.join(', ')} WHERE job_id = ?`, ...values, jobId);
  const characters = state.length + book.length + change.book.inlineLength;
  rememberChange(sql, jobId, change, characters);
}

function rememberChange(sql: Sql, jobId: JobId, change: JobChange, characters: number): void {
  const recent = recentRows(sql);
  const before = recent?.get(jobId);
  if (before === undefined) return;
  const { state, book, inline, dueAtMs } = change;
  const row: JobRow = {
    state,
    book,
    inline: inline ?? before.inline,
    dueAtMs: dueAtMs === null ? before.dueAtMs : Math.floor(dueAtMs),
  };
  recent?.put(jobId, row, characters);
}

/** Writes the notes on a job, and nothing else. */
export function saveBook(sql: Sql, row: JobRow, book: Book): JobRow {
  const jobId = row.state.birth.id;
  sql.exec('UPDATE jobs SET book = ? WHERE job_id = ?', JSON.stringify(book), jobId);
  // The row at hand may be older than the one that stands.
  recentRows(sql)?.forget(jobId);
  return { ...row, book };
}

export type DueJob = { readonly jobId: JobId; readonly dueAtMs: number };

/** Jobs whose lower bound has passed, the longest overdue first; a page that follows `after`. */
export function dueJobs(sql: Sql, nowMs: number, after: DueJob | null, limit: number): DueJob[] {
  return sql
    .exec(
      `SELECT job_id, due_at FROM jobs WHERE due_at <= ? AND (due_at, job_id) > (?, ?)
       ORDER BY due_at, job_id LIMIT ?`,
      nowMs,
      after?.dueAtMs ?? -1,
      after?.jobId ?? '',
      limit,
    )
    .flatMap((row) => {
      const jobId = text(row, 'job_id');
      return isJobId(jobId) ? [{ jobId, dueAtMs: integer(row, 'due_at') }] : [];
    });
}

/** The earliest lower bound after a moment; null when there is none. */
export function nextDueAfter(sql: Sql, nowMs: number): number | null {
  const [row] = sql.exec('SELECT due_at FROM jobs WHERE due_at > ? ORDER BY due_at LIMIT 1', nowMs);
  return row === undefined ? null : integer(row, 'due_at');
}

/** Removes a job with everything that carries its id. Its idempotency key goes separately. */
export function deleteJob(sql: Sql, jobId: JobId): void {
  recentRows(sql)?.forget(jobId);
  for (const table of ['events', 'items', 'payloads', 'jobs']) {
    sql.exec(`DELETE FROM ${table} WHERE job_id = ?`, jobId);
  }
}
