import { text, type SqlRow } from '../sql.ts';

/** Reads a JSON column. The shard wrote it, and the storage version vouches for its shape. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names the shape that the contract promises
export function jsonColumn<Shape>(row: SqlRow, column: string): Shape {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by these tables only; see ../schema.ts
  return JSON.parse(text(row, column)) as Shape;
}
