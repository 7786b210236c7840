import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { addCounts, countOne, spreadOf, type Counts } from '../../src/domain/spread.ts';

function countAll(values: readonly number[]): Counts {
  return values.reduce<Counts>((counts, value) => countOne(counts, value), []);
}

test('a quantile is at most a tenth off', () => {
  const value = fc.integer({ min: 1, max: 3_600_000 });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 200 }), (values) => {
      const sorted = values.toSorted((left, right) => left - right);
      const { p50, p95, count } = spreadOf(countAll(values));
      expect(count).toBe(values.length);
      for (const [share, read] of [
        [0.5, p50],
        [0.95, p95],
      ] as const) {
        const exact = sorted[Math.max(0, Math.ceil(share * values.length) - 1)] ?? 0;
        expect(Math.abs((read ?? 0) - exact)).toBeLessThanOrEqual(0.1 * exact + 0.5);
      }
    }),
  );
});

test('counts added are the counts of all', () => {
  const some = fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 50 });
  fc.assert(
    fc.property(some, some, (left, right) => {
      expect(addCounts(countAll(left), countAll(right))).toEqual(countAll([...left, ...right]));
    }),
  );
});

test('nothing counted has no quantiles', () => {
  expect(spreadOf([])).toEqual({ count: 0, p50: null, p95: null, p99: null });
});
