export type SqlValue = string | number | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** A synchronous SQLite, as a Durable Object has one. */
export type Sql = {
  /** Runs one statement and returns all its rows. */
  exec(query: string, ...bindings: SqlValue[]): readonly SqlRow[];
  /** Runs `work` so that all its writes happen or none. */
  transaction<Result>(work: () => Result): Result;
  /** Bytes the database takes. */
  sizeBytes(): number;
};

/** A text column of a row that has it. */
export function text(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`column ${column} is not text`);
  return value;
}

/** A number column of a row that has it. */
export function integer(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new TypeError(`column ${column} is not a number`);
  return value;
}
