/**
 * `keyword-topics-1`: how well a text's words fit each of the caller's labels. A label is the words of its name and
 * description; words that several labels share count less, words of the text are matched by stem or, more weakly,
 * by their parts (`database` and `databases`, `Zahlung` and `Rückzahlung`).
 *
 * Limits: it reads words, not meaning, so a label without a description is only found where its own words (or
 * parts of them) occur; negation is not understood. Stems and stop words are English.
 * Cost: linear in the text; each label word is compared only with text words that share a part with it.
 */
import type { ClassifyCall, ClassifyResult } from '../../domain/model/model-call.ts';
import { makeStemmer } from './text/stem.ts';
import { addCount } from './text/tokens.ts';
import { countStems } from './text/vectors.ts';

type Label = ClassifyCall['labels'][number];

type PartIndex = {
  /** The words that hold a part. */
  readonly holders: ReadonlyMap<string, readonly string[]>;
  /** How many distinct parts a word has. */
  readonly sizes: ReadonlyMap<string, number>;
};

const NAME_WEIGHT = 1;
const DESCRIPTION_WEIGHT = 0.5;
/** Occurrences at which a word counts half: this many, and more in a long text. */
const HALF_COUNT = 1;
const WORDS_PER_HALF_COUNT = 400;
/** Words that share at least this part of their letter groups (Dice) are taken for relatives. */
const PART_LIKENESS_MIN = 0.55;
const PART_WEIGHT = 0.6;
/** Raises the differences between labels before they are made to add up to 1. */
const SHARPNESS = 2.5;
/** What every label has without any evidence, so that a text without a clue gives equal scores. */
const BASE_EVIDENCE = 0.02;

/**
 * The `topN` best labels, best first, equal scores in the order given. Scores are 0 to 1 and add up to 1 over all
 * labels: shares of the evidence, not probabilities that were measured.
 */
export function classifyTopics(
  text: string,
  labels: readonly Label[],
  topN: number,
): ClassifyResult {
  const stem = makeStemmer();
  const counts = countStems(text, stem);
  const profiles = labels.map((label) => profileOf(label, stem));
  const sharing = new Map<string, number>();
  for (const profile of profiles) {
    for (const word of profile.keys()) addCount(sharing, word, 1);
  }
  const presence = makePresence(counts);
  const evidence = profiles.map((profile) => {
    const found = evidenceFor(profile, presence, (word) => rarity(sharing, word, labels.length));
    return (BASE_EVIDENCE + found) ** SHARPNESS;
  });
  const total = evidence.reduce((sum, value) => sum + value, 0);
  const scored = labels
    .map(({ label }, index) => ({ label, score: (evidence[index] ?? 0) / total, index }))
    .toSorted((left, right) => right.score - left.score || left.index - right.index)
    .slice(0, topN)
    .map(({ label, score }) => ({ label, score: Math.round(score * 1e6) / 1e6 }));
  return { kind: 'classify', labels: scored };
}

/** Stems of a label with their weights; a word of the name keeps the name's weight. */
function profileOf(label: Label, stem: (word: string) => string): Map<string, number> {
  const profile = new Map<string, number>();
  for (const word of countStems(label.description ?? '', stem).keys()) {
    profile.set(word, DESCRIPTION_WEIGHT);
  }
  for (const word of countStems(label.label, stem).keys()) profile.set(word, NAME_WEIGHT);
  return profile;
}

/** 1 for a word of one label only, towards 0 for a word that all labels have. */
function rarity(sharing: ReadonlyMap<string, number>, word: string, labelCount: number): number {
  const holders = sharing.get(word) ?? 1;
  return labelCount === 1 ? 1 : Math.log(labelCount / holders) / Math.log(labelCount);
}

/**
 * Weighted presence over the root of the weights' sum: between a plain sum, which favours long descriptions, and a
 * mean, which punishes them.
 */
function evidenceFor(
  profile: ReadonlyMap<string, number>,
  presence: (word: string) => number,
  rarityOf: (word: string) => number,
): number {
  let found = 0;
  let weights = 0;
  for (const [word, weight] of profile) {
    found += weight * rarityOf(word) * presence(word);
    weights += weight;
  }
  return weights === 0 ? 0 : found / Math.sqrt(weights);
}

/** How present a stem is in the text, 0 to 1: by itself, or more weakly through words that share its parts. */
function makePresence(counts: ReadonlyMap<string, number>): (word: string) => number {
  const words = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const half = HALF_COUNT + words / WORDS_PER_HALF_COUNT;
  const index = indexParts(counts.keys());
  return (word) => {
    const exact = counts.get(word) ?? 0;
    const related = relatedCount(word, counts, index);
    const count = exact + PART_WEIGHT * related;
    return count / (count + half);
  };
}

function indexParts(words: Iterable<string>): PartIndex {
  const holders = new Map<string, string[]>();
  const sizes = new Map<string, number>();
  for (const word of words) {
    const parts = partsOf(word);
    sizes.set(word, parts.size);
    for (const part of parts) {
      const known = holders.get(part);
      if (known === undefined) holders.set(part, [word]);
      else known.push(word);
    }
  }
  return { holders, sizes };
}

/** Occurrences of other words that share parts with `word`, each scaled by its likeness. */
function relatedCount(word: string, counts: ReadonlyMap<string, number>, index: PartIndex): number {
  const parts = partsOf(word);
  const shared = new Map<string, number>();
  for (const part of parts) {
    for (const other of index.holders.get(part) ?? []) addCount(shared, other, 1);
  }
  let related = 0;
  for (const [other, common] of shared) {
    const likeness = (2 * common) / (parts.size + (index.sizes.get(other) ?? 0));
    if (other !== word && likeness >= PART_LIKENESS_MIN) {
      related += likeness * (counts.get(other) ?? 0);
    }
  }
  return related;
}

/** Distinct letter groups of three, the word's beginning marked. */
function partsOf(word: string): Set<string> {
  const marked = `^${word}`;
  const parts = new Set<string>();
  for (let start = 0; start + 3 <= marked.length; start += 1)
    parts.add(marked.slice(start, start + 3));
  return parts;
}
