import { DatabaseSync, type StatementSync } from 'node:sqlite';

import type { Sql, SqlRow, SqlValue } from '../../src/runtime/job-shard/sql.ts';

/**
 * The `Sql` port over Node's own SQLite, in memory. It counts rows written as the platform bills them: a row of
 * a table is one, and so is every entry of an index that the statement has to write or remove.
 */
export class NodeSqlite {
  readonly #db = new DatabaseSync(':memory:');
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  rowsWritten = 0;
  /** Throws where it likes: what a full disk, or a defect in a statement, does to a shard. */
  beforeExec: (query: string) => void = () => {};
  /** Pretended size, for a shard that is nearly full. */
  pretendedBytes: number | null = null;

  /** A port to this database; several may exist one after the other, as instances of an object do. */
  port(): Sql {
    return {
      exec: (query, ...bindings) => this.#exec(query, bindings),
      transaction: (work) => this.#transaction(work),
      sizeBytes: () => this.pretendedBytes ?? this.#size(),
    };
  }

  /** Rows of a query that is not counted, for tests that look behind the shard. */
  rows(query: string, ...bindings: SqlValue[]): SqlRow[] {
    return this.#db.prepare(query).all(...bindings) as SqlRow[];
  }

  count(table: string, jobId?: string): number {
    const where = jobId === undefined ? '' : ' WHERE job_id = ?';
    const bindings = jobId === undefined ? [] : [jobId];
    const [row] = this.rows(`SELECT COUNT(*) AS n FROM ${table}${where}`, ...bindings);
    return Number(row?.['n']);
  }

  /** The longest row there is, in bytes of its columns. */
  largestRowBytes(): number {
    const sizes = Object.entries(COLUMNS).map(([table, columns]) => {
      const length = columns
        .map((column) => `LENGTH(CAST(COALESCE(${column}, '') AS BLOB))`)
        .join(' + ');
      const [row] = this.rows(`SELECT COALESCE(MAX(${length}), 0) AS n FROM ${table}`);
      return Number(row?.['n']);
    });
    return Math.max(...sizes);
  }

  #exec(query: string, bindings: readonly SqlValue[]): readonly SqlRow[] {
    this.beforeExec(query);
    const statement = this.#statements.get(query) ?? this.#db.prepare(query);
    this.#statements.set(query, statement);
    if (/^\s*SELECT/i.test(query)) return statement.all(...bindings) as SqlRow[];
    const changes = Number(statement.run(...bindings).changes);
    if (/^\s*(INSERT|UPDATE|DELETE)/i.test(query)) {
      this.rowsWritten += changes * (1 + indexEntries(query));
    }
    return [];
  }

  #transaction<Result>(work: () => Result): Result {
    const name = `s${this.#depth}`;
    this.#db.exec(`SAVEPOINT ${name}`);
    this.#depth += 1;
    try {
      const result = work();
      this.#db.exec(`RELEASE ${name}`);
      return result;
    } catch (error) {
      this.#db.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  #size(): number {
    const [pages] = this.rows('PRAGMA page_count');
    return Number(pages?.['page_count']) * 4_096;
  }
}

/** Entries of `jobs_due`, the only secondary index, that a statement touches for each row. */
function indexEntries(query: string): number {
  if (/^\s*(INSERT INTO|DELETE FROM) jobs\b/i.test(query)) return 1;
  return /^\s*UPDATE jobs\b/i.test(query) && /\bdue_at = /.test(query) ? 1 : 0;
}

const COLUMNS = {
  jobs: ['job_id', 'state', 'book', 'tail', 'inline'],
  events: ['job_id', 'body'],
  items: ['job_id', 'step', 'state', 'output'],
  payloads: ['job_id', 'key', 'body'],
  definitions: ['hash', 'body'],
} as const;
