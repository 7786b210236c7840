import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';

import { textNormalize } from '../../../src/steps/text/normalize.ts';
import { compose, locate, sourceMapProblem } from '../../../src/steps/text/source-map.ts';
import { editedFrom, failureOf, mapInput, messyText, valueOf } from './support.ts';

const run = (input: z.input<typeof textNormalize.input>) =>
  textNormalize.run(textNormalize.input.parse(input));
const normalized = (
  text: string,
  options: Omit<z.input<typeof textNormalize.input>, 'text'> = {},
) => valueOf(run({ text, ...options }));

describe('what is changed', () => {
  test.each([
    ['marks are composed with their letters', 'cafe\u0301 o\u0323\u0302', 'café ộ'],
    ['marks that an invisible character kept apart are composed', 'e\u200B\u0301', 'é'],
    ['Hangul letters become syllables', '\u1112\u1161\u11AB\u1100\u1173\u11AF', '한글'],
    ['line ends of every kind become \\n', 'a\r\nb\rc\u0085d\u2028e\ff', 'a\nb\nc\nd\ne\nf'],
    ['exotic spaces become spaces', 'a\u00A0b\u3000c\u202Fd', 'a b c d'],
    [
      'invisible characters go',
      'a\u200Bb\u00ADc\uFEFFd\u202Ee\u0000f\u{E0041}g\u2060h',
      'abcdefgh',
    ],
    ['quotes are straightened', '‘a’ “b” ‚c‘ „d“ 6′ 2″', `'a' "b" 'c' "d" 6' 2"`],
    ['dashes are straightened', 'a–b—c‑d −1', 'a-b-c-d -1'],
    ['runs of spaces become one', 'a   b  c', 'a b c'],
    ['spaces at line ends go', 'a  \t \nb \n c', 'a\nb\n c'],
    ['more than one blank line becomes one', 'a\n\n \n\t\n\nb', 'a\n\nb'],
    ['the ends are trimmed', '\n \u00A0\uFEFF a b \t\n', 'a b'],
    ['half a surrogate pair becomes a replacement character', 'a\uD83Db\uDE00', 'a\uFFFDb\uFFFD'],
    ['nothing but white space becomes nothing', ' \r\n\t\u2003\uFEFF', ''],
  ])('%s', (_, text, expected) => {
    expect(normalized(text).text).toBe(expected);
  });

  test.each([
    ['tabs and line ends', 'a\tb\n\nc'],
    ['emoji sequences', '👩‍👩‍👧 🏴‍☠️ ❤️ 👋🏽 🇩🇪 1️⃣'],
    ['joiners inside words that need them', 'کتاب‌ها क्‍ष'],
    ['guillemets and ideographic punctuation', '«a» 「b」、c。'],
    ['an ideographic variant', '葛\u{E0100}'],
  ])('%s stay', (_, text) => {
    expect(normalized(text)).toMatchObject({
      text,
      source_map: [[0, 0, text.length, text.length]],
    });
  });

  test('text that is hidden in variation selectors and tags does not get through', () => {
    const hidden = '\u{E0100}\u{E0101}\uFE01\uFE02\u{E0061}\u{E0062}\u{E007F}';
    expect(normalized(`safe${hidden} text`).text).toBe('safe\u{E0100} text');
  });

  test('quotes and dashes stay on request', () => {
    expect(normalized('“a” – ‘b’', { straighten_quotes: false }).text).toBe('“a” – ‘b’');
  });

  test('words parted at line ends are joined on request', () => {
    const text = 'an exam-\nple, a soft\u00AD \r\n   one, un\u2010\nlike A-\nB, 1-\n2 and a-\n\nb';
    expect(normalized(text, { join_hyphenated: true }).text).toBe(
      'an example, a softone, unlike A-\nB, 1-\n2 and a-\n\nb',
    );
    expect(normalized('exam-\nple').text).toBe('exam-\nple');
  });

  test('changes are counted by kind', () => {
    expect(normalized('“a”\u00A0– e\u0301\r\n\r\n\r\n\u200B b\uD800').changes).toEqual({
      invalid_surrogates: 1,
      line_endings: 3,
      spaces: 1,
      invisible: 1,
      composed: 1,
      quotes: 2,
      dashes: 1,
      whitespace: 1,
      hyphenation: 0,
    });
  });

  test('an absurd heap of marks is left alone', () => {
    const heap = `e${'\u0301\u0323'.repeat(5_000)}`;
    expect(normalized(heap).text).toBe(heap);
  });
});

describe('where it came from', () => {
  test('each character points at what it was made of', () => {
    const text = '  “Caf\u200Be\u0301”\u00A0 ok';
    const { text: clean, source_map: map } = normalized(text);
    expect(clean).toBe('"Café" ok');
    const sourceOf = (part: string) => {
      const start = clean.indexOf(part);
      const span = locate(map, start, start + part.length);
      return text.slice(span.start, span.end);
    };
    expect(sourceOf('"Café"')).toBe('“Caf\u200Be\u0301”');
    expect(sourceOf('é')).toBe('e\u0301');
    expect(sourceOf('f')).toBe('f');
    expect(sourceOf('ok')).toBe('ok');
    expect(map).toHaveLength(4);
  });

  test('every character is its source, or stands for something that was normalised', () => {
    fc.assert(
      fc.property(
        messyText(),
        fc.boolean(),
        fc.boolean(),
        (text, straighten_quotes, join_hyphenated) => {
          const { text: clean, source_map: map } = normalized(text, {
            straighten_quotes,
            join_hyphenated,
          });
          expect(sourceMapProblem(map, clean.length)).toBeNull();
          for (let at = 0; at < clean.length; at += 1) {
            const { start, end } = locate(map, at, at + 1);
            const source = text.slice(start, end);
            const isAsItWas = source === clean[at];
            const isNormalized =
              /^[\p{Cs}\p{Z}\s\u0085\u2010-\u2015\u2018-\u2033\u2212\u00AD]$/u.test(source) ||
              source.normalize('NFC') !== source ||
              /\p{M}|[\u1100-\u11FF]/u.test(source);
            expect({ source, isExpected: isAsItWas || isNormalized }).toEqual({
              source,
              isExpected: true,
            });
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a given map is carried on to the original', () => {
    const given = messyText(20).chain(editedFrom);
    fc.assert(
      fc.property(given, ({ text, map }) => {
        const alone = normalized(text);
        const carried = normalized(text, { source_map: mapInput(map) });
        expect(carried.text).toBe(alone.text);
        expect(carried.source_map).toEqual(compose(alone.source_map, map));
      }),
    );
  });

  test('a map of another text is refused with the place', () => {
    expect(failureOf(run({ text: 'abc', source_map: [[0, 0, 2, 2]] }))).toMatchObject({
      message:
        'the source_map does not belong to this text: it describes 2 characters, but the text has 3; pass the text and the source_map of the same step',
      violations: [{ pointer: '/source_map', code: 'source_map' }],
    });
  });
});

describe('what is promised of any text', () => {
  test('the result is clean, and cleaning it again changes nothing', () => {
    fc.assert(
      fc.property(
        messyText(),
        fc.boolean(),
        fc.boolean(),
        (text, straighten_quotes, join_hyphenated) => {
          const options = { straighten_quotes, join_hyphenated };
          const once = normalized(text, options).text;
          expect(once).not.toMatch(
            /[\r\f\v\u00A0\u200B\u202E\uFEFF]| {2}|[ \t]\n|\n{3}|^\s|[ \t\n]$/,
          );
          expect(once.isWellFormed()).toBe(true);
          expect(once).toBe(once.normalize('NFC'));
          const again = normalized(once, options);
          expect(again.text).toBe(once);
          expect(Object.values(again.changes).every((count) => count === 0)).toBe(true);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('no character composes with one outside its group', () => {
    const follower = /^[\p{M}\u1160-\u11FF\uD7B0-\uD7FF\u{16D63}-\u{16D6A}]$/u;
    const strays: string[] = [];
    for (let code = 0; code <= 0x10ffff; code += 1) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const character = String.fromCodePoint(code);
      const last = Array.from(character.normalize('NFD')).at(-1) ?? '';
      const isComposed = character.normalize('NFC') === character;
      const isStray = isComposed ? last !== character && !follower.test(last) : code < 0x300;
      if (isStray) strays.push(character);
    }
    expect(strays).toEqual([]);
  });

  test.each(['a', ' ', '\n', '\u0301', '\u200D', '-\n', ' \t', '\uD800', '😀'])(
    'a hundred thousand of %j are done with',
    (unit) => {
      const text = unit.repeat(100_000 / unit.length);
      expect(normalized(text).text.length).toBeLessThanOrEqual(text.length);
    },
  );
});

test('the input is strict and bounded', () => {
  expect(textNormalize.input.safeParse({ text: 'a', txt: 'b' }).success).toBe(false);
  const tooLong = textNormalize.input.safeParse({ text: 'a'.repeat(1_000_001) });
  expect(tooLong.error?.issues[0]?.message).toBe('must be at most 1,000,000 characters');
});
