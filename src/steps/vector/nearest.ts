import { z } from 'zod';

import type { Violation } from '../../domain/job/failure.ts';
import type { TransformStep } from '../port.ts';

const VECTORS_MAX = 5_000;

const vector = z.array(z.number()).min(1).max(4_096);

const input = z.strictObject({
  query: vector,
  vectors: z.array(vector).min(1).max(VECTORS_MAX, 'must be at most 5,000 vectors'),
  top_n: z.int().min(1).max(VECTORS_MAX).default(10),
});

export type NearestOutput = {
  /** Nearest first; `index` points into `vectors`. */
  readonly results: readonly { readonly index: number; readonly score: number }[];
};

/** Orders vectors by cosine similarity to a query: the sum of products over the product of lengths, -1 to 1. */
export const vectorNearest = {
  version: 1,
  input,
  run({ query, vectors, top_n: topN }) {
    const violations = lengthViolations(query.length, vectors);
    if (violations.length > 0) {
      const message = `the vectors are not all of the query's length, which is ${query.length}`;
      return {
        ok: false,
        failure: { class: 'step_input_invalid', phase: 'not_sent', message, violations },
      };
    }
    const results = vectors
      .map((candidate, index) => ({ index, score: cosine(query, candidate) }))
      .toSorted((left, right) => right.score - left.score || left.index - right.index)
      .slice(0, topN);
    return { ok: true, value: { results } };
  },
} satisfies TransformStep<typeof input, NearestOutput>;

const VIOLATIONS_MAX = 20;

function lengthViolations(length: number, vectors: readonly (readonly number[])[]): Violation[] {
  return vectors
    .flatMap((candidate, index) =>
      candidate.length === length
        ? []
        : [
            {
              pointer: `/vectors/${index}`,
              code: 'length',
              message: `has ${candidate.length} numbers, and the query has ${length}`,
            },
          ],
    )
    .slice(0, VIOLATIONS_MAX);
}

/** A vector of zeros is similar to nothing. */
function cosine(left: readonly number[], right: readonly number[]): number {
  let product = 0;
  let leftSquares = 0;
  let rightSquares = 0;
  for (const [index, value] of left.entries()) {
    const other = right[index] ?? 0;
    product += value * other;
    leftSquares += value * value;
    rightSquares += other * other;
  }
  const length = Math.sqrt(leftSquares) * Math.sqrt(rightSquares);
  return length === 0 ? 0 : product / length;
}
