import type { JobId } from '../../../domain/ids.ts';
import type { Json } from '../../../domain/json.ts';
import type { Sql } from '../sql.ts';
import { jsonColumn } from './json-column.ts';

export function loadPayload(sql: Sql, jobId: JobId, key: string): Json | undefined {
  const [row] = sql.exec('SELECT body FROM payloads WHERE job_id = ? AND key = ?', jobId, key);
  return row === undefined ? undefined : jsonColumn<Json>(row, 'body');
}

export function savePayload(sql: Sql, jobId: JobId, key: string, body: string): void {
  sql.exec(
    `INSERT INTO payloads (job_id, key, body) VALUES (?, ?, ?)
     ON CONFLICT (job_id, key) DO UPDATE SET body = excluded.body`,
    jobId,
    key,
    body,
  );
}

export function erasePayloads(sql: Sql, jobId: JobId): void {
  sql.exec('DELETE FROM payloads WHERE job_id = ?', jobId);
}
