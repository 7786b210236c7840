import { expect, test } from 'vitest';

import { vectorNearest } from '../../../src/steps/vector/nearest.ts';

function nearest(input: Parameters<typeof vectorNearest.input.parse>[0]) {
  return vectorNearest.run(vectorNearest.input.parse(input));
}

test('the nearest vector comes first, whatever its length', () => {
  const outcome = nearest({
    query: [1, 0],
    vectors: [
      [0, 1],
      [10, 1],
      [1, 1],
    ],
  });
  expect(outcome.ok && outcome.value.results.map(({ index }) => index)).toEqual([1, 2, 0]);
});

test('an equal direction scores 1, an opposite one -1, and a vector of zeros 0', () => {
  const outcome = nearest({
    query: [2, 0],
    vectors: [
      [5, 0],
      [-1, 0],
      [0, 0],
    ],
  });
  expect(outcome.ok && outcome.value.results).toEqual([
    { index: 0, score: 1 },
    { index: 2, score: 0 },
    { index: 1, score: -1 },
  ]);
});

test('equal scores keep the order of the vectors, and top_n cuts the list', () => {
  const outcome = nearest({ query: [1], vectors: [[1], [1], [1]], top_n: 2 });
  expect(outcome.ok && outcome.value.results.map(({ index }) => index)).toEqual([0, 1]);
});

test('vectors of another length are refused, each by its place', () => {
  expect(nearest({ query: [1, 2], vectors: [[1, 2], [1], [1, 2, 3]] })).toMatchObject({
    ok: false,
    failure: {
      class: 'step_input_invalid',
      violations: [{ pointer: '/vectors/1' }, { pointer: '/vectors/2' }],
    },
  });
});
