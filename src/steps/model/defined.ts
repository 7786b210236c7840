/** The fields that are there: a field with the value undefined is left out. */
export type Defined<Fields> = {
  readonly [Name in keyof Fields]?: Exclude<Fields[Name], undefined>;
};

export function defined<Fields extends object>(fields: Fields): Defined<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same fields without the undefined ones
  return Object.fromEntries(entries) as Defined<Fields>;
}
