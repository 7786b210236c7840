/**
 * Sees through the usual disguises of a word: accents, full-width letters and invisible characters, signs that look
 * like letters (`k1ll`, `a$$`), letters drawn out (`killlll`) and letters written apart (`k i l l`, `k.i.l.l`).
 */
const INVISIBLE = /[\u00AD\u200B-\u200F\u2060\uFEFF]/g;
const TOKEN = /[\p{L}\p{N}@$!|+]+/gu;
const EDGE_SIGNS = /^[!|+]+|[!|+]+$/g;

/** What signs stand for. `1`, `!` and `|` stand for i and for l, which is why a skeleton has one letter for both. */
const LETTER_OF: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'i',
  '+': 't',
  l: 'i',
};

/** The words of a text, in lower case and without accents and apostrophes; letters written apart are joined. */
export function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replace(INVISIBLE, '')
    .replace(/[\p{M}'’]/gu, '')
    .toLowerCase();
  const words = (plain.match(TOKEN) ?? []).map((token) => token.replace(EDGE_SIGNS, ''));
  return joinedLetters(words.filter((word) => word !== ''));
}

/** Three or more single letters in a row are one word, whatever stood between them. */
function joinedLetters(words: readonly string[]): string[] {
  const joined: string[] = [];
  let letters: string[] = [];
  const flush = (): void => {
    joined.push(...(letters.length >= 3 ? [letters.join('')] : letters));
    letters = [];
  };
  for (const word of words) {
    if (word.length === 1) letters.push(word);
    else {
      flush();
      joined.push(word);
    }
  }
  flush();
  return joined;
}

/** What a word looks like when signs are read as letters. */
export function skeletonOf(word: string): string {
  return Array.from(word, (sign) => LETTER_OF[sign] ?? sign).join('');
}

/** True for a word that has both letters and signs in their place; a number is not one. */
export function isDisguised(word: string): boolean {
  return /\p{L}/u.test(word) && /[^\p{L}]/u.test(word);
}

/** A word whose drawn-out letters are shortened to `count`. */
export function shortened(word: string, count: 1 | 2): string {
  return word.replace(/(.)\1{2,}/gu, (_run, letter: string) => letter.repeat(count));
}
