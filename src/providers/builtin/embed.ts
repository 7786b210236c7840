/**
 * `hashed-embedding-1`: a vector from the words of a text without any training (feature hashing: K. Weinberger et
 * al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009). Texts that share words, word pairs or
 * parts of words are near each other.
 *
 * Limits: it knows spelling, not meaning; synonyms are far apart and languages do not meet. Stems and stop words
 * are English; in other languages the parts of words carry the comparison. Cost: linear in the text.
 */
import { hash32 } from './text/hash.ts';
import { makeStemmer } from './text/stem.ts';
import { isStopWord } from './text/stop-words.ts';
import { addCount, tokenize } from './text/tokens.ts';

export const DIMENSIONS_DEFAULT = 256;
export const DIMENSIONS_MIN = 64;
export const DIMENSIONS_MAX = 1024;

/** Weighted features of one family, by name. */
type Features = Map<string, number>;

/**
 * How much each family counts in the cosine of two texts; adds up to 1. Each family is brought to length 1 first,
 * so that many small features do not drown few large ones.
 */
const SHARES = { words: 0.55, pairs: 0.15, parts: 0.3 } as const;
/** What a stop word counts beside a content word. */
const STOP_WORD_WEIGHT = 0.1;
/** Parts of words: lengths in characters, the word's edges marked. */
const PART_LENGTHS = [3, 4] as const;
const SEED_BUCKET = 0x51ed270b;
const SEED_SIGN = 0x2545f491;
/** Six decimals keep the stored vector small and its length within 1e-5 of 1. */
const PRECISION = 1e6;

/**
 * The text's vector: `dimensions` numbers, length 1 (Euclidean), so that the dot product of two vectors is their
 * cosine. A text without letters and digits is described by its characters.
 */
export function embed(text: string, dimensions: number): number[] {
  const families = featuresOf(text);
  const vector = Array.from({ length: dimensions }, () => 0);
  addFamily(vector, families.words, SHARES.words, 'w');
  addFamily(vector, families.pairs, SHARES.pairs, 'p');
  addFamily(vector, families.parts, SHARES.parts, 'c');
  return toUnit(vector);
}

function featuresOf(text: string): { words: Features; pairs: Features; parts: Features } {
  const stem = makeStemmer();
  const words: Features = new Map();
  const pairs: Features = new Map();
  const spellings: Features = new Map();
  let previous: { stem: string; weight: number } | null = null;
  for (const token of tokenize(text)) {
    const weight = isStopWord(token.text) ? STOP_WORD_WEIGHT : 1;
    const current = { stem: stem(token.text), weight };
    addCount(words, current.stem, weight);
    addCount(spellings, token.text, weight);
    if (previous !== null) {
      addCount(pairs, `${previous.stem} ${current.stem}`, Math.min(previous.weight, weight));
    }
    previous = current;
  }
  if (words.size === 0) addCount(spellings, text.replace(/\s+/gu, ''), 1);
  return { words, pairs, parts: partsOf(spellings) };
}

/** Character n-grams of each word; a word's parts together count as the word does. */
function partsOf(spellings: Features): Features {
  const parts: Features = new Map();
  for (const [word, weight] of spellings) {
    const characters = Array.from(`^${word}$`);
    for (const length of PART_LENGTHS) {
      const last = Math.max(0, characters.length - length);
      for (let start = 0; start <= last; start += 1) {
        addCount(parts, characters.slice(start, start + length).join(''), weight);
      }
    }
  }
  return parts;
}

/** Adds one family with sublinear counts, scaled to length `sqrt(share)`. */
function addFamily(vector: number[], features: Features, share: number, prefix: string): void {
  const dampened = new Map<string, number>();
  let squares = 0;
  for (const [name, count] of features) {
    const weight = count > 1 ? 1 + Math.log(count) : count;
    dampened.set(name, weight);
    squares += weight * weight;
  }
  if (squares === 0) return;
  const scale = Math.sqrt(share / squares);
  for (const [name, weight] of dampened) {
    const key = `${prefix}:${name}`;
    const bucket = hash32(key, SEED_BUCKET) % vector.length;
    const sign = (hash32(key, SEED_SIGN) & 1) === 0 ? 1 : -1;
    vector[bucket] = (vector[bucket] ?? 0) + sign * weight * scale;
  }
}

function toUnit(vector: readonly number[]): number[] {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  // All features cancelling out is as good as impossible, and a vector of zeros has no direction.
  if (norm === 0) return vector.map((_, index) => (index === 0 ? 1 : 0));
  return vector.map((value) => Math.round((value / norm) * PRECISION) / PRECISION);
}
