import { describe, expect, test } from 'vitest';
import { identifyLanguage } from '../../../src/providers/builtin/languages.ts';
import { languageCodes } from '../../../src/providers/builtin/language-profiles.ts';
import { paragraphs } from './paragraphs.ts';

const samples = Object.entries(paragraphs).flatMap(([code, texts]) =>
  texts.map((text): [string, string] => [code, text]),
);

describe('languages', () => {
  test.each(samples)('%s: %s', (code, text) => {
    const [first, second] = identifyLanguage(text, 2).labels;
    expect(first?.label).toBe(code);
    expect((first?.score ?? 0) - (second?.score ?? 0)).toBeGreaterThan(0.3);
  });

  test('every language of the table is tried', () => {
    expect(Object.keys(paragraphs).toSorted()).toEqual(languageCodes.toSorted());
  });

  test('a long enough beginning of a paragraph is usually enough', () => {
    const long = samples.filter(([, text]) => text.length >= 60);
    const right = long.filter(
      ([code, text]) => identifyLanguage(text.slice(0, 60), 1).labels[0]?.label === code,
    );
    expect(right.length / long.length).toBeGreaterThan(0.95);
  });

  test('accents written as separate marks, and capitals, make no difference', () => {
    const [text] = paragraphs.pl;
    expect(identifyLanguage(text.normalize('NFD').toUpperCase(), 3)).toEqual(
      identifyLanguage(text, 3),
    );
  });

  test('a mixed text is divided by its scripts', () => {
    const { labels } = identifyLanguage(`${paragraphs.en[0]} ${paragraphs.el[0]}`, 2);
    expect(labels.map(({ label }) => label).toSorted()).toEqual(['el', 'en']);
  });

  test.each(['12:45 — 3.5 %', '', 'გამარჯობა მსოფლიო', 'สวัสดีชาวโลก'])(
    '%j is undetermined',
    (text) => {
      expect(identifyLanguage(text, 1).labels).toEqual([{ label: 'und', score: 1 }]);
    },
  );

  test('scores are shares that add up to one', () => {
    const { labels } = identifyLanguage(paragraphs.da[0], 99);
    expect(labels.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 4);
  });
});
