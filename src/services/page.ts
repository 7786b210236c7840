/** A part of a list. */
export type Page<Item> = {
  readonly items: readonly Item[];
  /** Pass as `after` for the next page; null on the last one. */
  readonly nextCursor: string | null;
};

/** The page at the beginning of what was found: one more than `limit` was asked for, to see whether more follows. */
export function pageOf<Item>(
  found: readonly Item[],
  limit: number,
  cursorOf: (item: Item) => string,
): Page<Item> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: found.length > limit && last !== undefined ? cursorOf(last) : null };
}
