/** How closely the words of a query stand together in a passage. */
import type { Passage } from './passage.ts';
import type { WeighedQuery } from './query.ts';

/** Words that count as close together: about a long sentence. */
const WINDOW_WORDS = 32;
/** What something of the asked shape is worth beside the average query word. */
const SHAPE_WORTH = 1;
/** Words that may stand between two neighbours. */
const GAP_WORDS = 2;

/**
 * The best stretch of `WINDOW_WORDS` words: the worth of the distinct query words in it, and of something of the
 * asked shape, over the most that there could be.
 * @returns 0 to 1
 */
export function bestWindow(passage: Passage, query: WeighedQuery): number {
  const shapeWorth = passage.hasShape ? (SHAPE_WORTH * query.worth) / query.terms.length : 0;
  const inside = query.terms.map(() => 0);
  let worth = 0;
  let best = 0;
  let lastShape = -Infinity;
  for (const [position, word] of passage.stems.entries()) {
    if (passage.shaped[position] === true) lastShape = position;
    const leaving = query.indexOf.get(passage.stems[position - WINDOW_WORDS] ?? '');
    if (leaving !== undefined) worth -= count(query, inside, leaving, -1);
    const entering = query.indexOf.get(word);
    if (entering !== undefined) worth += count(query, inside, entering, 1);
    const hasShape = worth > 0 && position - lastShape < WINDOW_WORDS;
    best = Math.max(best, worth + (hasShape ? shapeWorth : 0));
  }
  return Math.min(1, best / (query.worth + shapeWorth));
}

/** Counts a term in or out of the window. @returns its worth when it is the first to come or the last to go */
function count(query: WeighedQuery, inside: number[], index: number, by: 1 | -1): number {
  const before = inside[index] ?? 0;
  inside[index] = before + by;
  const matters = before + Math.min(by, 0) === 0;
  return matters ? (query.terms[index]?.worth ?? 0) : 0;
}

/**
 * The share of the query's neighbouring words that are near neighbours in the passage, in the same order, each
 * pair counting as its rarer word does. A query of a single word is its own neighbour.
 * @returns 0 to 1
 */
export function neighbourShare(passage: Passage, query: WeighedQuery): number {
  if (query.terms.length === 1) return bestWindow({ ...passage, hasShape: false }, query);
  const met = neighboursMet(passage, query);
  let found = 0;
  let total = 0;
  for (const [index, { worth }] of query.terms.slice(0, -1).entries()) {
    const pair = Math.max(worth, query.terms[index + 1]?.worth ?? 0);
    total += pair;
    if (met.has(index)) found += pair;
  }
  return total === 0 ? 0 : found / total;
}

/** Indexes of the terms that somewhere stand just before the term which follows them in the query. */
function neighboursMet({ stems }: Passage, { indexOf }: WeighedQuery): Set<number> {
  const met = new Set<number>();
  for (const [position, word] of stems.entries()) {
    const first = indexOf.get(word);
    if (first === undefined || met.has(first)) continue;
    const followers = stems.slice(position + 1, position + 2 + GAP_WORDS);
    if (followers.some((other) => indexOf.get(other) === first + 1)) met.add(first);
  }
  return met;
}
