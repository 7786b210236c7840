/**
 * `wordlist-moderation-1`: whether an English text holds words and phrases of a short list, whole words only, through
 * the usual disguises. It understands nothing: a quotation, a denial and a report are flagged like the thing itself,
 * and what is meant in other words, or in another language, is not seen.
 *
 * A category's score is 1 − Π(1 − weight) over its occurrences: each says something by itself, and none more than all.
 * Cost: linear in the text.
 */
import type { ModerateResult } from '../../../domain/model/model-call.ts';
import { isDisguised, shortened, skeletonOf, wordsOf } from './disguise.ts';
import { listedPhrases, moderationCategories, type ListedPhrase } from './word-lists.ts';

/** From this score on a category is flagged. */
const FLAGGED_FROM = 0.5;

const byFirstWord = groupBy(listedPhrases, ({ words: [first = ''] }) => first);
const vocabulary = new Set(listedPhrases.flatMap(({ words }) => words));
const bySkeleton = groupBy([...vocabulary], skeletonOf);

/** Every category in the same order, whatever the text. */
export function moderate(text: string): ModerateResult {
  const innocence = new Map(moderationCategories.map((category) => [category, 1]));
  for (const { category, weight } of occurrencesIn(text)) {
    innocence.set(category, (innocence.get(category) ?? 1) * (1 - weight));
  }
  const categories = moderationCategories.map((category) => {
    const score = Math.round((1 - (innocence.get(category) ?? 1)) * 1e6) / 1e6;
    return { category, flagged: score >= FLAGGED_FROM, score };
  });
  return { kind: 'moderate', flagged: categories.some(({ flagged }) => flagged), categories };
}

function occurrencesIn(text: string): ListedPhrase[] {
  const readings = wordsOf(text).map(readingsOf);
  return readings.flatMap((first, at) =>
    first
      .flatMap((word) => byFirstWord.get(word) ?? [])
      .filter(({ words }) => words.every((word, offset) => readings[at + offset]?.includes(word))),
  );
}

/** The listed words that a word of the text may be. */
function readingsOf(word: string): readonly string[] {
  if (isDisguised(word)) {
    const skeleton = skeletonOf(word);
    return [
      ...new Set(
        [skeleton, shortened(skeleton, 2), shortened(skeleton, 1)].flatMap(
          (one) => bySkeleton.get(one) ?? [],
        ),
      ),
    ];
  }
  return [...new Set([word, shortened(word, 2), shortened(word, 1)])].filter((one) =>
    vocabulary.has(one),
  );
}

function groupBy<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}
