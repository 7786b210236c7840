/** The words of a search query that count, and the forms under which they may appear. */
import { isStopWord } from './text/stop-words.ts';
import { addCount, tokenize } from './text/tokens.ts';

export type QueryTerm = {
  /** Stems that stand for the word, with how much a hit counts: 1 for the word itself. */
  readonly variants: ReadonlyMap<string, number>;
  /** 1, or more for a word that the query repeats. */
  readonly weight: number;
};

/** A term with what a hit is worth: its weight times how rare it is among the passages. */
export type WeighedTerm = QueryTerm & { readonly worth: number };

/** A query made ready for many passages. */
export type WeighedQuery = {
  readonly terms: readonly WeighedTerm[];
  /** Index of the term that a stem stands for; the earlier term when it could be two. */
  readonly indexOf: ReadonlyMap<string, number>;
  /** The worth of all terms together. */
  readonly worth: number;
};

/** Terms of a query at most; a longer query is cut. */
const TERMS_MAX = 64;
/** Stems are related when they share this many letters and this share of the longer one: `insur`, `insuranc`. */
const SHARED_LETTERS_MIN = 5;
const SHARED_PART_MIN = 0.66;
const RELATED_LIKENESS = 0.6;

export function weighedQuery(terms: readonly WeighedTerm[]): WeighedQuery {
  const indexOf = new Map<string, number>();
  for (const [index, term] of terms.entries()) {
    for (const stem of term.variants.keys()) if (!indexOf.has(stem)) indexOf.set(stem, index);
  }
  return { terms, indexOf, worth: terms.reduce((sum, { worth }) => sum + worth, 0) };
}

/** Distinct content words in query order; of a query of nothing but stop words, all of them. */
export function expandQuery(
  query: string,
  vocabulary: ReadonlyMap<string, number>,
  stem: (word: string) => string,
): QueryTerm[] {
  const tokens = tokenize(query);
  const content = tokens.filter((token) => !isStopWord(token.text));
  const counts = new Map<string, number>();
  for (const token of content.length > 0 ? content : tokens) addCount(counts, stem(token.text), 1);
  const byStart = groupByStart(vocabulary.keys());
  return [...counts].slice(0, TERMS_MAX).map(([word, count]) => ({
    variants: variantsOf(word, byStart.get(startOf(word)) ?? []),
    weight: 1 + Math.log(count),
  }));
}

function variantsOf(word: string, neighbours: readonly string[]): Map<string, number> {
  const variants = new Map([[word, 1]]);
  for (const other of neighbours) {
    if (other !== word && areRelated(word, other)) variants.set(other, RELATED_LIKENESS);
  }
  return variants;
}

function areRelated(left: string, right: string): boolean {
  if (/\d/.test(left) || /\d/.test(right)) return false;
  const longer = Math.max(left.length, right.length);
  let shared = 0;
  while (shared < longer && left[shared] === right[shared]) shared += 1;
  return shared >= SHARED_LETTERS_MIN && shared >= SHARED_PART_MIN * longer;
}

function startOf(word: string): string {
  return word.slice(0, SHARED_LETTERS_MIN);
}

function groupByStart(words: Iterable<string>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const word of words) {
    const group = groups.get(startOf(word));
    if (group === undefined) groups.set(startOf(word), [word]);
    else group.push(word);
  }
  return groups;
}
