import { integer, text, type Sql } from '../sql.ts';

export type StoredDefinition = { readonly body: string; readonly keepUntilMs: number };

export function loadDefinition(sql: Sql, hash: string): StoredDefinition | null {
  const [row] = sql.exec('SELECT body, keep_until FROM definitions WHERE hash = ?', hash);
  return row === undefined
    ? null
    : { body: text(row, 'body'), keepUntilMs: integer(row, 'keep_until') };
}

export function saveDefinition(
  sql: Sql,
  hash: string,
  { body, keepUntilMs }: StoredDefinition,
): void {
  sql.exec(
    `INSERT INTO definitions (hash, body, keep_until) VALUES (?, ?, ?)
     ON CONFLICT (hash) DO UPDATE SET keep_until = excluded.keep_until`,
    hash,
    body,
    Math.floor(keepUntilMs),
  );
}

export function deleteDefinitionsBefore(sql: Sql, nowMs: number): void {
  sql.exec('DELETE FROM definitions WHERE keep_until < ?', nowMs);
}
