import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { drawOf, rankOf } from '../../../src/engine/routes/draw.ts';

const seeds = (count: number) => Array.from({ length: count }, (_, index) => `job_${index}`);

function firstOf(seed: string, weights: Readonly<Record<string, number>>): string {
  const ranks = Object.entries(weights).map(
    ([name, weight]) => [name, rankOf(seed, name, weight)] as const,
  );
  return ranks.toSorted(([, left], [, right]) => left - right)[0]?.[0] ?? '';
}

describe('a draw', () => {
  test('lies between 0 and 1 for any text, and is the same again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (seed) => {
        const draw = drawOf(seed);
        expect(draw).toBeGreaterThan(0);
        expect(draw).toBeLessThan(1);
        expect(drawOf(seed)).toBe(draw);
      }),
    );
  });

  test('of texts that hardly differ is spread evenly', () => {
    const counts = Array.from({ length: 20 }, () => 0);
    for (const seed of seeds(20_000)) {
      const index = Math.floor(drawOf(seed) * 20);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    // 1,000 expected in each; the standard deviation is 31.
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1_150);
  });
});

describe('a choice by weight', () => {
  test('takes each as often as its weight says', () => {
    const counts = { a: 0, b: 0, c: 0 };
    for (const seed of seeds(12_000)) {
      const first = firstOf(seed, { a: 3, b: 2, c: 1 });
      if (first === 'a' || first === 'b' || first === 'c') counts[first] += 1;
    }
    expect(counts.a / 12_000).toBeCloseTo(1 / 2, 1);
    expect(counts.b / 12_000).toBeCloseTo(1 / 3, 1);
    expect(counts.c / 12_000).toBeCloseTo(1 / 6, 1);
  });

  test('moves nobody who had not chosen the one that is left out', () => {
    for (const seed of seeds(2_000)) {
      const before = firstOf(seed, { a: 1, b: 1, c: 1 });
      const after = firstOf(seed, { a: 1, b: 1 });
      expect(before === 'c' || before === after).toBe(true);
    }
  });

  test('takes what weighs nothing last', () => {
    for (const seed of seeds(200)) expect(firstOf(seed, { a: 0, b: 0.001 })).toBe('b');
  });
});
