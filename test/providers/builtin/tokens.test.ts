import { describe, expect, test } from 'vitest';
import { stemWord } from '../../../src/providers/builtin/text/stem.ts';
import { tokenize } from '../../../src/providers/builtin/text/tokens.ts';

const wordsOf = (text: string): string[] => tokenize(text).map((token) => token.text);

describe('tokens', () => {
  test.each([
    ['accents and case are one spelling', 'Café RÉSUMÉ Zieliński', ['cafe', 'resume', 'zielinski']],
    [
      'soft hyphens and zero-width spaces are not there',
      'data\u00ADbase time\u200Bout',
      ['database', 'timeout'],
    ],
    [
      'digit groups are one number',
      '61,240 orders, 2,147,483,647',
      ['61240', 'orders', '2147483647'],
    ],
    ['a list of figures stays a list', '1,2', ['1,2']],
    ['times, decimals and units stay whole', '08:47 3.5 25ms', ['08:47', '3.5', '25ms']],
    [
      'hyphens, underscores and apostrophes divide',
      'sign-in shop’s [EMAIL_1]',
      ['sign', 'in', 'shop', 's', 'email', '1'],
    ],
    ['vowel signs stay with their letters', 'हिन्दी', ['हिन्दी']],
    ['ideographs become pairs', '東京都 水', ['東京', '京都', '水']],
    ['no words', '— … !', []],
  ])('%s', (_, text, expected) => {
    expect(wordsOf(text)).toEqual(expected);
  });

  test('each token says where it begins', () => {
    const text = 'Über 61,240 Ärzte';
    expect(tokenize(text).map((token) => text.slice(token.start)[0])).toEqual(['Ü', '6', 'Ä']);
  });
});

describe('stems', () => {
  test.each([
    'fail fails failed failing',
    'connect connected connecting connection connections',
    'restore restored restoring restores',
    'hop hopping hopped',
    'hope hoping hoped hopes',
    'pay paid pays paying',
    'lose lost losing loses',
    'send sent sends sending',
    'relational relate related',
    'id ids',
  ])('%s are one', (forms) => {
    const stems = new Set(forms.split(' ').map(stemWord));
    expect(stems.size).toBe(1);
  });

  test.each([
    ['caresses', 'caress'],
    ['ponies', 'poni'],
    ['agreed', 'agre'],
    ['conflated', 'conflat'],
    ['happy', 'happi'],
    ['formalize', 'formal'],
    ['adjustment', 'adjust'],
    ['adoption', 'adopt'],
    ['controlling', 'control'],
    ['generalizations', 'gener'],
  ])('%s follows Porter’s algorithm', (word, stem) => {
    expect(stemWord(word)).toBe(stem);
  });

  test('short words, figures and other scripts are left alone', () => {
    for (const word of ['id', 'up', '08:47', '25ms', 'сервер', '東京'])
      expect(stemWord(word)).toBe(word);
  });
});
