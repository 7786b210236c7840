import { describe, expect, test } from 'vitest';

import { makeBuiltin } from '../../../src/providers/builtin/builtin.ts';
import { moderate } from '../../../src/providers/builtin/moderation/moderate.ts';
import { listedPhrases } from '../../../src/providers/builtin/moderation/word-lists.ts';

function flaggedIn(text: string): string[] {
  return moderate(text).categories.flatMap(({ category, flagged }) => (flagged ? [category] : []));
}

describe('the wordlist moderation flags', () => {
  test.each([
    ['I will kill you.', ['threats']],
    ['I will k1ll you!', ['threats']],
    ['i will killlll you', ['threats']],
    ['I will k.i.l.l you', ['threats']],
    ['what a piece of $h1t', ['profanity', 'insults']],
    ['sh\u00EFt and f\uFF55ck', ['profanity']],
    ['fu\u200Bck', ['profanity']],
    ['fuuuuuck', ['profanity']],
    ['I want to die.', ['self_harm']],
    ['crap, damn', ['profanity']],
    ['You’re worthless', ['insults']],
  ])('%s', (text, expected) => {
    expect(flaggedIn(text)).toEqual(expect.arrayContaining(expected));
  });
});

describe('the wordlist moderation lets pass', () => {
  test.each([
    'The turbine turns in the water, and the gate is open.',
    'Scunthorpe has a classic assembly; the assassin bass passed Essex.',
    'We killed the process and shot a film in a plan B.',
    'Room 455 costs 5$ in 1911.',
    'damn',
    '',
    '水が流れる。',
  ])('%s', (text) => {
    expect(moderate(text).flagged).toBe(false);
  });
});

test('every category is there in the same order, with scores from 0 to 1', () => {
  for (const text of ['', 'kill you kill you kill you', 'shit '.repeat(1_000)]) {
    const { categories } = moderate(text);
    expect(categories.map(({ category }) => category)).toEqual([
      'profanity',
      'insults',
      'threats',
      'self_harm',
    ]);
    for (const { score } of categories) {
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
    }
  }
});

test('two occurrences say 1 − (1 − a)(1 − b)', () => {
  // damn 0.3, crap 0.3: 1 − 0.7 × 0.7
  expect(moderate('damn crap').categories[0]).toEqual({
    category: 'profanity',
    flagged: true,
    score: 0.51,
  });
});

test('the list is in the form that texts are brought into', () => {
  for (const { words, weight } of listedPhrases) {
    expect(words.join(' ')).toMatch(/^[a-z]{1,}( [a-z]+)*$/);
    expect(weight).toBeGreaterThan(0);
    expect(weight).toBeLessThan(1);
  }
});

test('a long text takes no longer than its length', () => {
  const { flagged } = moderate('a b c d '.repeat(125_000));
  expect(flagged).toBe(false);
});

test('images are refused before anything is computed', async () => {
  const media = {
    file: `file_${'0'.repeat(32)}` as never,
    mimeType: 'image/png',
    bytes: 1,
    sha256: '',
    name: null,
  };
  const outcome = await makeBuiltin().submitJob(
    { kind: 'moderate', model: 'wordlist-moderation-1', text: 'x', images: [media] },
    {
      signal: new AbortController().signal,
      idempotencyKey: 'k',
      headers: {},
      onHeaders: () => {},
    },
  );
  expect(outcome).toMatchObject({
    kind: 'failed',
    failure: { class: 'invalid_request', violations: [{ pointer: '/images' }] },
  });
});
