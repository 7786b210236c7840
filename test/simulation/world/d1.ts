import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

const MIGRATIONS = new URL('../../../migrations/', import.meta.url);

type Row = Record<string, unknown>;

/** The tables of D1 as the project's own migrations make them, in Node's SQLite. */
export class Tables {
  readonly #db = new DatabaseSync(':memory:');
  readonly #statements = new Map<string, StatementSync>();

  constructor() {
    const files = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql'));
    for (const name of files.toSorted()) {
      this.#db.exec(readFileSync(new URL(name, MIGRATIONS), 'utf8'));
    }
  }

  all(query: string, bindings: readonly unknown[] = []): Row[] {
    const statement = this.#statements.get(query) ?? this.#db.prepare(query);
    this.#statements.set(query, statement);
    return statement.all(...(bindings as SQLInputValue[]));
  }

  atOnce(work: () => void): void {
    this.#db.exec('BEGIN');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  empty(): void {
    for (const table of ['jobs', 'job_tags', 'events', 'known_shards', 'dead_letters']) {
      this.#db.exec(`DELETE FROM ${table}`);
    }
  }
}

class Statement {
  readonly query: string;
  readonly bindings: readonly unknown[];
  readonly #call: Call;

  constructor(call: Call, query: string, bindings: readonly unknown[] = []) {
    this.#call = call;
    this.query = query;
    this.bindings = bindings;
  }

  bind(...bindings: readonly unknown[]): Statement {
    return new Statement(this.#call, this.query, bindings);
  }

  async all() {
    const results = await this.#call((tables) => tables.all(this.query, this.bindings));
    return { success: true, results, meta: {} };
  }

  async run() {
    return this.all();
  }

  async first() {
    const { results } = await this.all();
    return results[0] ?? null;
  }
}

/** How a call reaches the tables, and what becomes of it on the way. */
export type Call = <Value>(work: (tables: Tables) => Value) => Promise<Value>;

/** As much of D1 as the history writer uses. */
export function d1Over(call: Call) {
  return {
    prepare: (query: string) => new Statement(call, query),
    batch: (statements: readonly Statement[]) =>
      call((tables) => {
        tables.atOnce(() => {
          for (const { query, bindings } of statements) tables.all(query, bindings);
        });
        return [];
      }),
  } as unknown as D1Database;
}
