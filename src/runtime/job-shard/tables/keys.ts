import { isJobId } from '../../../domain/ids.ts';
import type { KeyedJob } from '../../../services/ports/job-shard/submit.ts';
import { text, type Sql } from '../sql.ts';

/** The job under an idempotency key. The key itself is never stored, only its hash. */
export function findKey(sql: Sql, keyHash: string): KeyedJob | null {
  const [row] = sql.exec('SELECT job_id, body_hash FROM keys WHERE key_hash = ?', keyHash);
  if (row === undefined) return null;
  const jobId = text(row, 'job_id');
  return isJobId(jobId) ? { jobId, bodyHash: text(row, 'body_hash') } : null;
}

export function saveKey(sql: Sql, keyHash: string, { jobId, bodyHash }: KeyedJob): void {
  sql.exec(
    'INSERT INTO keys (key_hash, job_id, body_hash) VALUES (?, ?, ?)',
    keyHash,
    jobId,
    bodyHash,
  );
}

export function deleteKey(sql: Sql, keyHash: string): void {
  sql.exec('DELETE FROM keys WHERE key_hash = ?', keyHash);
}
