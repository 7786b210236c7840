import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  compose,
  identityMap,
  locate,
  mappedLength,
  sourceMapBuilder,
  sourceMapProblem,
  sourceMapSchema,
} from '../../../src/steps/text/source-map.ts';
import { applyEdits } from '../../../src/steps/text/edits.ts';
import { editedFrom, fraction, messyText, rangeIn } from './support.ts';

const edited = messyText(20).chain(editedFrom);
const editedTwice = edited.chain((first) => fc.tuple(fc.constant(first), editedFrom(first.text)));

describe('locate', () => {
  test('a text that is its own source maps every range to itself', () => {
    fc.assert(
      fc.property(messyText(), fraction, fraction, (text, from, to) => {
        const { start, end } = rangeIn(text.length, from, to);
        expect(locate(identityMap(text.length), start, end)).toEqual({ start, end });
      }),
    );
  });

  test('every character that no edit touched maps to the same character in the source', () => {
    fc.assert(
      fc.property(edited, ({ source, edits, map }) => {
        let shift = 0;
        let at = 0;
        for (const edit of [
          ...edits,
          { start: source.length, end: source.length, replacement: '' },
        ]) {
          for (; at < edit.start; at += 1) {
            expect(locate(map, at + shift, at + shift + 1)).toEqual({ start: at, end: at + 1 });
          }
          shift += edit.replacement.length - (edit.end - edit.start);
          at = edit.end;
        }
      }),
    );
  });

  test('any part of a replacement maps to all that was replaced', () => {
    fc.assert(
      fc.property(edited, ({ edits, map }) => {
        let shift = 0;
        for (const { start, end, replacement } of edits) {
          for (let offset = 0; offset < replacement.length; offset += 1) {
            const at = start + shift + offset;
            expect(locate(map, at, at + 1)).toEqual({ start, end });
            expect(locate(map, at, at)).toEqual(
              offset === 0 ? { start, end: start } : { start, end },
            );
          }
          shift += replacement.length - (end - start);
        }
      }),
    );
  });

  test('a replacement as long as what it replaces is still one block', () => {
    const { map } = applyEdits('call Ann now', [{ start: 5, end: 8, replacement: 'XYZ' }]);
    expect(locate(map, 6, 7)).toEqual({ start: 5, end: 8 });
    expect(locate(map, 7, 7)).toEqual({ start: 5, end: 8 });
    expect(locate(map, 4, 6)).toEqual({ start: 4, end: 8 });
    expect(locate(map, 8, 8)).toEqual({ start: 8, end: 8 });
  });

  test('a wider range never maps to a narrower one', () => {
    fc.assert(
      fc.property(
        editedTwice,
        fc.array(fraction, { minLength: 4, maxLength: 4 }),
        (pair, places) => {
          const [first, second] = pair;
          const map = compose(second.map, first.map);
          const [a = 0, b = 0, c = 0, d = 0] = places
            .map((place) => Math.floor(place * second.text.length))
            .toSorted((x, y) => x - y);
          const inner = locate(map, b, c);
          const outer = b < c ? locate(map, a, d) : inner;
          expect(outer.start).toBeLessThanOrEqual(inner.start);
          expect(outer.end).toBeGreaterThanOrEqual(inner.end);
          expect(inner.start).toBeLessThanOrEqual(inner.end);
          expect(locate(map, a, b).start).toBeLessThanOrEqual(locate(map, c, d).start);
        },
      ),
    );
  });

  test('what was deleted is not pointed at, unless the range goes across it', () => {
    const { map } = applyEdits('one [gone] two', [{ start: 4, end: 11, replacement: '' }]);
    expect(map).toEqual([
      [0, 0, 4, 4],
      [4, 11, 3, 3],
    ]);
    expect(locate(map, 0, 4)).toEqual({ start: 0, end: 4 });
    expect(locate(map, 4, 7)).toEqual({ start: 11, end: 14 });
    expect(locate(map, 0, 7)).toEqual({ start: 0, end: 14 });
  });

  test('an empty text points at the beginning of its source', () => {
    expect(locate([], 0, 0)).toEqual({ start: 0, end: 0 });
    expect(identityMap(0)).toEqual([]);
  });
});

describe('compose', () => {
  test('locating in the composed map is locating twice', () => {
    fc.assert(
      fc.property(editedTwice, fraction, fraction, ([first, second], from, to) => {
        const { start, end } = rangeIn(second.text.length, from, to);
        fc.pre(start < end);
        const middle = locate(second.map, start, end);
        expect(locate(compose(second.map, first.map), start, end)).toEqual(
          locate(first.map, middle.start, middle.end),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  test('composed maps are maps, however often', () => {
    fc.assert(
      fc.property(
        editedTwice.chain(([a, b]) => fc.tuple(fc.constant(a), fc.constant(b), editedFrom(b.text))),
        ([a, b, c]) => {
          const left = compose(compose(c.map, b.map), a.map);
          const right = compose(c.map, compose(b.map, a.map));
          for (const map of [a.map, left, right]) {
            expect(sourceMapProblem(map, mappedLength(map))).toBeNull();
            expect(sourceMapSchema.parse(JSON.parse(JSON.stringify(map)))).toEqual(map);
          }
          expect(mappedLength(left)).toBe(c.text.length);
          for (let at = 0; at < c.text.length; at += 1) {
            expect(locate(left, at, at + 1)).toEqual(locate(right, at, at + 1));
          }
        },
      ),
    );
  });

  test('the identity changes nothing on either side', () => {
    fc.assert(
      fc.property(edited, ({ source, text, map }) => {
        expect(compose(identityMap(text.length), map)).toEqual(map);
        expect(compose(map, identityMap(source.length))).toEqual(map);
      }),
    );
  });
});

describe('sourceMapBuilder', () => {
  test('neighbouring copies become one run', () => {
    const builder = sourceMapBuilder();
    builder.copy(3, 4);
    builder.copy(7, 1);
    builder.replace({ start: 8, end: 9 }, 1);
    builder.copy(9, 0);
    builder.copy(20, 2);
    expect(builder.finish()).toEqual([
      [0, 3, 6, 6],
      [6, 20, 2, 2],
    ]);
  });
});

describe('sourceMapProblem', () => {
  test.each([
    ['a gap in the text', [[1, 0, 3, 3]], 4, 'run 0 begins at 1, but the runs before it end at 0'],
    ['a text that is too long', [[0, 0, 3, 3]], 4, 'it describes 3 characters, but the text has 4'],
    [
      'a text that is too short',
      [[0, 0, 5, 5]],
      4,
      'it describes 5 characters, but the text has 4',
    ],
    [
      'a source that goes back',
      [
        [0, 9, 2, 2],
        [2, 3, 2, 2],
      ],
      4,
      'run 1 goes back in the source: 3 to 5 after 9 to 11',
    ],
    [
      'a source that shrinks',
      [
        [0, 2, 2, 9],
        [2, 3, 2, 2],
      ],
      4,
      'run 1 goes back in the source: 3 to 5 after 2 to 11',
    ],
  ] as const)('%s is named with its place', (_, map, length, problem) => {
    expect(sourceMapProblem(map, length)).toBe(problem);
  });

  test.each([
    ['a short run', [[0, 0, 1]]],
    ['an empty run', [[0, 0, 0, 0]]],
    ['a run out of nothing', [[0, 0, 1, 0]]],
    ['a negative offset', [[0, -1, 1, 1]]],
    ['a fraction', [[0, 0.5, 1, 1]]],
    ['an endless source', [[0, 0, 1, 1e12]]],
    ['text', 'no map'],
  ])('%s is not a map', (_, map) => {
    expect(sourceMapSchema.safeParse(map).success).toBe(false);
  });
});
