import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rankDocuments } from '../../../src/providers/builtin/bm25.ts';

const best = (query: string, documents: readonly string[]): number | undefined =>
  rankDocuments(query, documents, 1).results[0]?.index;

describe('ranking', () => {
  test('finds the passage by stems, not by exact words', () => {
    const documents = ['The cat slept.', 'Orders were failing all morning.', 'A mild day.'];
    expect(best('Why did the order fail?', documents)).toBe(1);
  });

  test('counts a rare word for more than a common one', () => {
    const documents = ['order order order', 'order of the refund', 'order today', 'order again'];
    expect(best('order refund', documents)).toBe(1);
  });

  test('prefers words that stand together', () => {
    const filler = 'and then many other things happened that nobody cared about at all '.repeat(4);
    const apart = `The backup ran. ${filler} The server is new.`;
    const together = `The backup server is new. ${filler}`;
    expect(best('backup server', [apart, together])).toBe(1);
  });

  test('prefers a passage with what the question asks for', () => {
    const documents = [
      'Many parcels were late.',
      'Exactly 412 parcels were late.',
      'Some parcels were late.',
    ];
    expect(best('How many parcels were late?', documents)).toBe(1);
    const dates = ['The oven was repaired.', 'The oven was repaired on Tuesday.'];
    expect(best('When was the oven repaired?', dates)).toBe(1);
    const reasons = ['The oven failed.', 'The oven failed because a fan was worn.'];
    expect(best('Why did the oven fail?', reasons)).toBe(1);
  });

  test('relates longer words by their beginning', () => {
    expect(best('Is it insured?', ['A mild day.', 'The insurance pays.'])).toBe(1);
  });

  test('works on a query of stop words and on scripts without spaces', () => {
    expect(best('who are we', ['bread', 'this is who we are'])).toBe(1);
    expect(best('磁盘', ['今天天气很好', '服务器的磁盘已满'])).toBe(1);
  });

  test('keeps the order of the call for equal scores', () => {
    const { results } = rankDocuments('pump', ['valve', 'pump', 'pump', 'tank'], 10);
    expect(results.map(({ index }) => index)).toEqual([1, 2, 0, 3]);
    expect(results.at(-1)?.score).toBe(0);
  });

  test('an empty document is last, a long list is cut at topN', () => {
    const { results } = rankDocuments('pump', ['', 'pump'], 10);
    expect(results.map(({ index }) => index)).toEqual([1, 0]);
    expect(rankDocuments('pump', ['a', 'b', 'c'], 2).results).toHaveLength(2);
    expect(rankDocuments('pump', ['', ''], 2).results.map(({ score }) => score)).toEqual([0, 0]);
  });
});

test('scores lie between 0 and 1 and fall, every document appears once', () => {
  const words = fc.array(
    fc.constantFrom('pump', 'valve', 'why', 'when', '412', 'the', 'insured', 'because'),
    {
      maxLength: 12,
    },
  );
  const text = words.map((list) => list.join(' '));
  fc.assert(
    fc.property(text, fc.array(text, { minLength: 1, maxLength: 8 }), (query, documents) => {
      const { results } = rankDocuments(query, documents, documents.length);
      expect(results.map(({ index }) => index).toSorted((left, right) => left - right)).toEqual([
        ...documents.keys(),
      ]);
      let previous = 1;
      for (const { score } of results) {
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(previous);
        previous = score;
      }
    }),
  );
});
