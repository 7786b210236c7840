import type { JobId } from '../../../domain/ids.ts';
import type { AttemptRecord } from '../../../domain/job/attempt.ts';
import type { ItemState } from '../../../domain/job/job.ts';
import type { Json } from '../../../domain/json.ts';
import { integer, type Sql, type SqlRow } from '../sql.ts';
import { jsonColumn } from './json-column.ts';

export function loadItem(
  sql: Sql,
  jobId: JobId,
  step: string,
  item: number,
): ItemState | undefined {
  const [row] = sql.exec(
    'SELECT state FROM items WHERE job_id = ? AND step = ? AND item = ?',
    jobId,
    step,
    item,
  );
  return row === undefined ? undefined : jsonColumn<ItemState>(row, 'state');
}

/** The finished attempts of a job's items, read when they are asked for. */
export function itemAttemptsOf(sql: Sql, jobId: JobId) {
  return (step: string, item: number): readonly AttemptRecord[] =>
    loadItem(sql, jobId, step, item)?.attempts ?? [];
}

/** Writes an item; `output` is its output's JSON text when that lies here, and null leaves what is there. */
export function saveItem(
  sql: Sql,
  at: { readonly jobId: JobId; readonly step: string; readonly item: number },
  state: ItemState,
  output: string | null,
): void {
  sql.exec(
    `INSERT INTO items (job_id, step, item, state, output) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (job_id, step, item) DO UPDATE SET state = excluded.state, output = COALESCE(excluded.output, output)`,
    at.jobId,
    at.step,
    at.item,
    JSON.stringify(state),
    output,
  );
}

export type StoredItem = {
  readonly item: number;
  readonly state: ItemState;
  readonly output: Json | undefined;
};

/** A map's items in order, each with its output when that lies in the row. */
export function allItems(sql: Sql, jobId: JobId, step: string): StoredItem[] {
  return sql
    .exec(
      'SELECT item, state, output FROM items WHERE job_id = ? AND step = ? ORDER BY item',
      jobId,
      step,
    )
    .map(storedItem);
}

/** One of them. */
export function oneItem(
  sql: Sql,
  jobId: JobId,
  step: string,
  item: number,
): StoredItem | undefined {
  const query = 'SELECT item, state, output FROM items WHERE job_id = ? AND step = ? AND item = ?';
  const [row] = sql.exec(query, jobId, step, item);
  return row && storedItem(row);
}

function storedItem(row: SqlRow): StoredItem {
  return {
    item: integer(row, 'item'),
    state: jsonColumn<ItemState>(row, 'state'),
    output: row['output'] === null ? undefined : jsonColumn<Json>(row, 'output'),
  };
}

export function itemOutput(sql: Sql, jobId: JobId, step: string, item: number): Json | undefined {
  const [row] = sql.exec(
    'SELECT output FROM items WHERE job_id = ? AND step = ? AND item = ? AND output IS NOT NULL',
    jobId,
    step,
    item,
  );
  return row === undefined ? undefined : jsonColumn<Json>(row, 'output');
}

/** Erases the outputs; what happened to the items stays. */
export function eraseItemOutputs(sql: Sql, jobId: JobId): void {
  sql.exec('UPDATE items SET output = NULL WHERE job_id = ? AND output IS NOT NULL', jobId);
}
