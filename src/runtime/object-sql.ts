import type { Sql, SqlValue } from './job-shard/sql.ts';

/** The database of an object, as plain classes take it. */
export function sqlOf(storage: DurableObjectStorage): Sql {
  return {
    exec: (query, ...bindings) =>
      storage.sql.exec<Record<string, SqlValue>>(query, ...bindings).toArray(),
    transaction: (work) => storage.transactionSync(work),
    sizeBytes: () => storage.sql.databaseSize,
  };
}
