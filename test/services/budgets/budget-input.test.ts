import { describe, expect, test } from 'vitest';

import { budgetInputSchema, nanoUsdOf } from '../../../src/services/budgets/budget-input.ts';

function inputWith(limitUsd: unknown): object {
  return { name: 'a test', period: 'day', limit_usd: limitUsd };
}

describe('a limit', () => {
  const taken: [number | string, number][] = [
    [1e-9, 1],
    [0.1, 100_000_000],
    [0.1 + 0.2, 300_000_000],
    [999_999.7 + 0.2, 999_999_900_000_000],
    [1_000_000, 1e15],
    ['0.000000001', 1],
    ['0010.50', 10_500_000_000],
    ['999999.999999999', 999_999_999_999_999],
  ];
  test.each(taken)('of %j is taken to the nano-dollar', (limitUsd, nano) => {
    const { limit_usd: limit } = budgetInputSchema.parse(inputWith(limitUsd));
    expect(nanoUsdOf(limit)).toBe(nano);
  });

  const dollars = /^must be US dollars, as a number or as decimal text such as "25\.50"$/;
  const refused: [unknown, RegExp][] = [
    [undefined, /^is required: give US dollars/],
    [null, dollars],
    [true, dollars],
    [[], dollars],
    ['NaN', dollars],
    ['1e-10', dollars],
    ['1,5', dollars],
    [' 5', dollars],
    ['٣', dollars],
    ['-1', dollars],
    [-1, /^must be more than 0$/],
    [-0, /^must be more than 0$/],
    ['0.0', /^must be more than 0$/],
    [1e-10, /^must be at least 0\.000000001$/],
    ['0.0000000001', /^must be at least 0\.000000001$/],
    [1.5e-9, /^must have at most nine places/],
    ['1.0000000001', /^must have at most nine places/],
    [1_000_000.000000001, /^must be at most 1000000$/],
    ['1000000.000000001', /^must be at most 1000000$/],
    [Number.MAX_VALUE, /^must be at most 1000000$/],
  ];
  test.each(refused)('of %j is refused in one sentence', (limitUsd, sentence) => {
    const { error } = budgetInputSchema.safeParse(inputWith(limitUsd));
    expect(error?.issues.map(({ path, message }) => [path, message])).toEqual([
      [['limit_usd'], expect.stringMatching(sentence)],
    ]);
  });
});

test('a tag that no job can have is a slip', () => {
  const { error } = budgetInputSchema.safeParse({ ...inputWith(1), scope: { tag: 'a\nb' } });
  expect(error?.issues.map(({ path, message }) => [path, message])).toEqual([
    [['scope', 'tag'], 'has control characters, which no tag has'],
  ]);
});
