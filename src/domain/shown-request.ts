import type { Json } from './json.ts';

/** A request as it is shown without being sent: without a credential, and with the names of files for their bytes. */
export type ShownRequest = {
  readonly method: string;
  /** Below the provider's base URL. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json;
};

/** Longer texts are cut: what is shown is for reading. */
const TEXT_CHARACTERS_MAX = 20_000;

/** Longer lists are cut, too: what is shown of them ends with how many more there are. */
const LIST_ITEMS_MAX = 200;

export function cutList<Item>(list: readonly Item[], show: (item: Item) => Json): readonly Json[] {
  const shown = list.slice(0, LIST_ITEMS_MAX).map(show);
  if (list.length <= LIST_ITEMS_MAX) return shown;
  return [...shown, `… (${list.length - LIST_ITEMS_MAX} more)`];
}

export function cutText(text: string): string {
  if (text.length <= TEXT_CHARACTERS_MAX) return text;
  return `${text.slice(0, TEXT_CHARACTERS_MAX)}… (${text.length - TEXT_CHARACTERS_MAX} more characters)`;
}
