import { expect, test } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import { moderatedOf } from '../../../src/steps/model/moderate.ts';

const many = Array.from({ length: 50 }, (_, index) => [`c${index}`, true]);

test.each<[string, Json, unknown]>([
  [
    'flagged categories alone',
    { flagged: true, categories: { hate: true, 'self-harm/intent': true, violence: false } },
    { flagged: true, categories: ['hate', 'self-harm/intent'] },
  ],
  ['nothing flagged', { flagged: false, categories: { hate: false } }, { flagged: false }],
  [
    'flagged by a provider that names no category',
    { flagged: true, categories: {} },
    { flagged: true },
  ],
  [
    'what is no name is not told, however much there is of it',
    {
      flagged: true,
      categories: { 'My card is 4111 1111 1111 1111, she said': true, 'a\nb': true },
    },
    { flagged: true, categories: ['other'] },
  ],
  [
    'names of several words',
    { flagged: true, categories: { 'Sexual Content': true, ['x'.repeat(60)]: true } },
    { flagged: true, categories: ['Sexual Content', 'other'] },
  ],
  ['another kind of output', { text: 'x' }, null],
  ['no object', 'x', null],
])('what is measured of a moderation: %s', (_name, output, expected) => {
  expect(moderatedOf(output)).toEqual(expected);
});

test('of very many categories the first ones are told', () => {
  const output = { flagged: true, categories: Object.fromEntries(many) };
  expect(moderatedOf(output)?.categories).toHaveLength(32);
});
