import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

/**
 * D1 over Node's own SQLite, in memory, with the migrations of the repository. Statements, batches as transactions, and
 * how many rows of tables were written (`changes`; D1 counts entries of secondary indexes too).
 */
export class NodeD1 {
  readonly #db = new DatabaseSync(':memory:');
  /** Runs before every call: what else happens meanwhile, or an error. */
  beforeCall: () => void = () => {};

  constructor() {
    const folder = new URL('../../migrations/', import.meta.url);
    for (const name of readdirSync(folder)
      .filter((file) => file.endsWith('.sql'))
      .toSorted()) {
      const text = readFileSync(new URL(name, folder), 'utf8');
      for (const part of text.split('--> statement-breakpoint')) this.#db.exec(part);
    }
  }

  /** The binding as the Worker sees it. */
  binding(): D1Database {
    return {
      prepare: (query: string) => this.#statement(query, []),
      batch: async (statements: (D1PreparedStatement & { readonly perform: () => D1Result })[]) => {
        this.beforeCall();
        this.#db.exec('BEGIN');
        try {
          const results = statements.map((statement) => statement.perform());
          this.#db.exec('COMMIT');
          return results;
        } catch (error) {
          this.#db.exec('ROLLBACK');
          throw error;
        }
      },
    };
  }

  rows(query: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
    return this.#db.prepare(query).all(...values);
  }

  #statement(query: string, values: readonly SQLInputValue[]) {
    const perform = () => this.#perform(query, values);
    const run = async () => {
      this.beforeCall();
      return perform();
    };
    return {
      bind: (...bound: SQLInputValue[]) => this.#statement(query, bound),
      perform,
      all: run,
      run,
      first: async () => (await run()).results[0] ?? null,
      /** Rows as arrays, which is how drizzle reads. */
      raw: async () => {
        this.beforeCall();
        const statement = this.#db.prepare(query);
        statement.setReturnArrays(true);
        return statement.all(...values);
      },
    };
  }

  #perform(query: string, values: readonly SQLInputValue[]) {
    const statement = this.#db.prepare(query);
    statement.setAllowUnknownNamedParameters(true);
    const named = Object.fromEntries(values.map((value, index) => [`?${index + 1}`, value]));
    const given: [Record<string, SQLInputValue>] | readonly SQLInputValue[] = /\?\d/.test(query)
      ? [named]
      : values;
    if (/^\s*(SELECT|WITH)/i.test(query)) {
      return { results: statement.all(...(given as [])), meta: { changes: 0 } };
    }
    const changes = Number(statement.run(...(given as [])).changes);
    return { results: [], meta: { changes, rows_written: changes } };
  }
}
