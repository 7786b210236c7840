import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { embed } from '../../../src/providers/builtin/embed.ts';

const cosine = (left: readonly number[], right: readonly number[]): number =>
  left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
const likeness = (left: string, right: string, dimensions = 256): number =>
  cosine(embed(left, dimensions), embed(right, dimensions));

describe('an embedding', () => {
  test('is nearer to a text on the same subject than to one on another', () => {
    const query = 'How do I reset my password?';
    const near = 'Resetting a password: open the account page and choose a new password.';
    const far = 'Our bakery bakes rye bread every Tuesday morning.';
    for (const dimensions of [64, 256, 1024]) {
      expect(likeness(query, near, dimensions)).toBeGreaterThan(
        likeness(query, far, dimensions) + 0.2,
      );
    }
  });

  test('is not moved by case, accents, white space and inflection as by other words', () => {
    expect(likeness('Café  résumé', 'cafe resume')).toBeCloseTo(1, 4);
    expect(likeness('the order failed', 'failing orders')).toBeGreaterThan(0.5);
  });

  test('takes little notice of stop words', () => {
    expect(likeness('database connection', 'the database and its connection')).toBeGreaterThan(0.8);
    expect(
      likeness('this is the one that was', 'this is the one that was a database'),
    ).toBeLessThan(0.8);
  });

  test('minds the order of words a little', () => {
    const same = likeness('dog bites man', 'dog bites man');
    const turned = likeness('dog bites man', 'man bites dog');
    expect(same).toBeCloseTo(1, 4);
    expect(turned).toBeLessThan(0.95);
    expect(turned).toBeGreaterThan(0.7);
  });

  test('finds compounds through their parts', () => {
    expect(likeness('Rückzahlung', 'Zahlung')).toBeGreaterThan(
      likeness('Rückzahlung', 'Bäckerei') + 0.1,
    );
  });

  test('describes texts without a letter by their characters', () => {
    expect(likeness('!!! ???', '!!!???')).toBeCloseTo(1, 4);
    expect(likeness('!!!', '🎉🎉')).toBeLessThan(0.9);
  });
});

test('every text has a vector of the asked size, of length one, always the same', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }),
      fc.constantFrom(64, 100, 256, 1024),
      (text, dimensions) => {
        const vector = embed(text, dimensions);
        expect(vector).toHaveLength(dimensions);
        expect(Math.sqrt(cosine(vector, vector))).toBeCloseTo(1, 4);
        expect(embed(text, dimensions)).toEqual(vector);
      },
    ),
  );
});
