/** What `work` gives for each item, in their order; so many are under way at once. Fails as the first of them that does. */
export async function inLanes<Item, Done>(
  lanes: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Done>,
): Promise<Done[]> {
  const done: Done[] = [];
  const waiting = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of waiting) done[index] = await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return done;
}
