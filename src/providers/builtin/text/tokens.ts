/**
 * Words of a text, for counting and matching. Works by Unicode properties, not by a dictionary, so that the
 * result is the same in every runtime. Scripts written without spaces (and Hangul) become overlapping pairs of
 * characters, as search engines do it; a word boundary of those languages is not looked for.
 */

export type Token = {
  /** Lower-case, without accents, invisible characters and digit grouping. */
  readonly text: string;
  /** UTF-16 offset of the token's first unit in the text it was taken from. */
  readonly start: number;
};

/** A number with its separators and unit (`61,240`, `09:31`, `25ms`), or a run of letters and digits. */
const WORD =
  /\p{N}+(?:[.,:]\p{N}+)*[\p{L}\p{M}]*|\p{L}[\p{L}\p{M}\p{N}\u00AD\u200B-\u200D\u2060\uFEFF]*/gu;
const PLAIN = /^[a-z0-9]+$/;
const INVISIBLE = /[\u00AD\u200B-\u200D\u2060\uFEFF]/g;
const COMBINING_ACCENT = /[\u0300-\u036F]/g;
const DIGIT_GROUP = /(?<=\d),(?=\d{3}(?!\d))/g;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** One spelling for what a reader takes for the same word: `Café` and `cafe`, `61,240` and `61240`. */
function foldWord(word: string): string {
  const lower = word.toLowerCase();
  if (PLAIN.test(lower)) return lower;
  return lower
    .normalize('NFKD')
    .replace(COMBINING_ACCENT, '')
    .normalize('NFC')
    .replace(INVISIBLE, '')
    .replace(DIGIT_GROUP, '');
}

/** All tokens in text order. Linear in the length of the text. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(WORD)) {
    const folded = foldWord(match[0]);
    if (folded === '') continue;
    if (!PLAIN.test(folded) && UNSPACED.test(folded)) pushPairs(tokens, folded, match.index);
    else tokens.push({ text: folded, start: match.index });
  }
  return tokens;
}

/** `東京都` becomes `東京`, `京都`; a single character stays one. */
function pushPairs(tokens: Token[], run: string, start: number): void {
  const characters = Array.from(run);
  if (characters.length === 1) tokens.push({ text: run, start });
  for (let index = 0; index + 1 < characters.length; index += 1) {
    tokens.push({ text: `${characters[index]}${characters[index + 1]}`, start });
  }
}

/** Adds `amount` to the count of `key`. */
export function addCount<Key>(counts: Map<Key, number>, key: Key, amount: number): void {
  counts.set(key, (counts.get(key) ?? 0) + amount);
}
