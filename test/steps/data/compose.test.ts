import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { dataCompose } from '../../../src/steps/data/compose.ts';

test('any value comes back as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const input = dataCompose.input.parse({ value });
      expect(dataCompose.run(input)).toEqual({ ok: true, value });
    }),
  );
});

test('a value is required, and nothing else is taken', () => {
  expect(dataCompose.input.safeParse({}).success).toBe(false);
  expect(dataCompose.input.safeParse({ value: undefined }).success).toBe(false);
  expect(dataCompose.input.safeParse({ value: 1, other: 2 }).success).toBe(false);
});

const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;

test('a value that is nested too deeply is refused, not overflowed on', () => {
  expect(dataCompose.input.safeParse({ value: nested(200) }).success).toBe(true);
  const { error } = dataCompose.input.safeParse({ value: nested(100_000) });
  expect(error?.issues.map(({ message }) => message)).toEqual([
    'must not be nested more than 200 levels deep',
  ]);
});
