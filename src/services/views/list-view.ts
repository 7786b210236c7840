import { z } from 'zod';

import type { Page } from '../page.ts';

type ListView<View> = {
  object: 'list';
  data: View[];
  has_more: boolean;
  next_cursor: string | null;
};

/** A list as the API answers: pass `next_cursor` as `after` for more. */
export function listSchema<Item extends z.ZodType>(item: Item) {
  return z.object({
    object: z.literal('list'),
    data: z.array(item),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
  });
}

export function pageView<Item, View>(
  { items, nextCursor }: Page<Item>,
  view: (item: Item) => View,
): ListView<View> {
  return {
    object: 'list',
    data: items.map((item) => view(item)),
    has_more: nextCursor !== null,
    next_cursor: nextCursor,
  };
}

/** A list that is never longer than one answer. */
export function wholeListView<View>(data: readonly View[]): ListView<View> {
  return { object: 'list', data: [...data], has_more: false, next_cursor: null };
}
