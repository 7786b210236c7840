import type { Sql } from './job-shard/sql.ts';

/** Brings the storage of an object to the newest version. Cheap when it already is. */
export function runMigrations(sql: Sql, migrations: readonly (readonly string[])[]): void {
  sql.exec(
    'CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
  );
  const version = Number(
    sql.exec("SELECT value FROM meta WHERE key = 'storage_version'")[0]?.['value'] ?? 0,
  );
  if (version >= migrations.length) return;
  sql.transaction(() => {
    for (const statements of migrations.slice(version)) {
      for (const statement of statements) sql.exec(statement);
    }
    sql.exec(
      "INSERT INTO meta (key, value) VALUES ('storage_version', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      String(migrations.length),
    );
  });
}
