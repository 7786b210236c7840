/** What has to hold in every world. */
export function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}
