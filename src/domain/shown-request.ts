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

export function cutText(text: string): string {
  if (text.length <= TEXT_CHARACTERS_MAX) return text;
  return `${text.slice(0, TEXT_CHARACTERS_MAX)}… (${text.length - TEXT_CHARACTERS_MAX} more characters)`;
}
