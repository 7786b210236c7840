/** Sparse tf-idf vectors of a text's sentences. */
import { isStopWord } from './stop-words.ts';
import { makeStemmer } from './stem.ts';
import { addCount, tokenize } from './tokens.ts';

export type SparseVector = ReadonlyMap<string, number>;

/** Counts of stemmed content words. */
export function countStems(text: string, stem: (word: string) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const token of tokenize(text)) {
    if (!isStopWord(token.text)) addCount(counts, stem(token.text), 1);
  }
  return counts;
}

/**
 * One vector of length 1 (or 0, without content words) for each text: weight `(1 + ln tf) * ln(1 + N / df)`,
 * the usual sublinear tf-idf (Manning, Raghavan, Schütze, "Introduction to Information Retrieval", 6.4).
 */
export function tfIdfVectors(texts: readonly string[]): SparseVector[] {
  const stem = makeStemmer();
  const counted = texts.map((text) => countStems(text, stem));
  const documentFrequency = new Map<string, number>();
  for (const counts of counted) {
    for (const key of counts.keys()) addCount(documentFrequency, key, 1);
  }
  return counted.map((counts) => {
    const vector = new Map<string, number>();
    for (const [key, count] of counts) {
      const idf = Math.log(1 + texts.length / (documentFrequency.get(key) ?? 1));
      vector.set(key, (1 + Math.log(count)) * idf);
    }
    return unit(vector);
  });
}

/** Cosine of two vectors of length 1. */
export function dot(left: SparseVector, right: SparseVector): number {
  const [small, large] = left.size <= right.size ? [left, right] : [right, left];
  let sum = 0;
  for (const [key, weight] of small) sum += weight * (large.get(key) ?? 0);
  return sum;
}

/** The same direction with length 1; an empty vector stays empty. */
export function unit(vector: SparseVector): SparseVector {
  let squares = 0;
  for (const weight of vector.values()) squares += weight * weight;
  if (squares === 0) return vector;
  const norm = Math.sqrt(squares);
  return new Map([...vector].map(([key, weight]) => [key, weight / norm]));
}
