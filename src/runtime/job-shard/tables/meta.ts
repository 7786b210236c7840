import { text, type Sql } from '../sql.ts';

/** A small fact about the shard itself; null when it was never written. */
export function readMeta(sql: Sql, key: string): string | null {
  const [row] = sql.exec('SELECT value FROM meta WHERE key = ?', key);
  return row === undefined ? null : text(row, 'value');
}

export function writeMeta(sql: Sql, key: string, value: string | null): void {
  if (value === null) {
    sql.exec('DELETE FROM meta WHERE key = ?', key);
    return;
  }
  sql.exec(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    key,
    value,
  );
}
