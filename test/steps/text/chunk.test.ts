import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';

import { textChunk } from '../../../src/steps/text/chunk.ts';
import { segmentsOf } from '../../../src/steps/text/segments.ts';
import { locate } from '../../../src/steps/text/source-map.ts';
import { editedFrom, failureOf, mapInput, messyText, valueOf } from './support.ts';

const run = (input: z.input<typeof textChunk.input>) => textChunk.run(textChunk.input.parse(input));
const chunksOf = (text: string, options: Omit<z.input<typeof textChunk.input>, 'text'> = {}) =>
  valueOf(run({ text, ...options })).chunks;
const texts = (text: string, options: Omit<z.input<typeof textChunk.input>, 'text'> = {}) =>
  chunksOf(text, options).map((chunk) => chunk.text);

/** A sentence of words of four letters; capitals tell the segmenter where the next one begins. */
const sentence = (words: number, letter = 'w') =>
  `${letter.toUpperCase()}${Array(words).fill(letter.repeat(4)).join(' ').slice(1)}. `;

describe('where a text is parted', () => {
  test('small paragraphs are packed together', () => {
    const text = 'One.\n\nTwo.\n\nThree.';
    expect(chunksOf(text)).toEqual([
      { index: 0, text, start: 0, end: 18, source_start: 0, source_end: 18, heading: null },
    ]);
  });

  test('a paragraph that fits a chunk is kept whole', () => {
    const [a, b, c] = [sentence(12, 'a').trim(), sentence(12, 'b').trim(), sentence(5, 'c').trim()];
    expect(texts([a, b, c].join('\n\n'), { max_chars: 100 })).toEqual([a, `${b}\n\n${c}`]);
  });

  test('a paragraph that fits no chunk is parted between sentences', () => {
    const sentences = ['a', 'b', 'c', 'd'].map((letter) => sentence(8, letter).trim());
    expect(texts(sentences.join(' '), { max_chars: 100 })).toEqual([
      `${sentences[0]} ${sentences[1]}`,
      `${sentences[2]} ${sentences[3]}`,
    ]);
  });

  test('with sentences as the unit, chunks are filled across paragraphs', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((letter) => sentence(7, letter).trim());
    const text = `${a}\n\n${b} ${c}`;
    expect(texts(text, { max_chars: 100, unit: 'sentence' })).toEqual([`${a}\n\n${b}`, c]);
    expect(texts(text, { max_chars: 100 })).toEqual([a, `${b} ${c}`]);
  });

  test('a sentence that fits no chunk is parted between words', () => {
    const parts = texts(sentence(60), { max_chars: 100 });
    expect(parts.length).toBe(3);
    for (const part of parts) expect(part).toMatch(/^[Ww]www( wwww)*\.?$/);
  });

  test('a text without spaces is parted between its words', () => {
    const words = new Set(
      Array.from(segmentsOf('私は学生です。', { start: 0, end: 7 }, 'word'), ({ start }) => start),
    );
    for (const { start } of chunksOf('私は学生です'.repeat(40), { max_chars: 100 })) {
      expect(words.has(start % 6)).toBe(true);
    }
  });

  test('a word that fits no chunk is parted between characters as people see them', () => {
    const family = '👩‍👩‍👧';
    for (const { text } of chunksOf(family.repeat(50), { max_chars: 100 })) {
      expect(text).toBe(family.repeat(text.length / family.length));
    }
  });

  test('a character longer than a chunk is parted, never inside a surrogate pair', () => {
    const heap = `a${'\u{1D165}'.repeat(400)}`;
    const parts = texts(heap, { max_chars: 101 });
    expect(parts.join('')).toBe(heap);
    for (const part of parts) expect(part.isWellFormed()).toBe(true);
  });
});

describe('headings', () => {
  test('a heading begins a chunk and gives its name to what follows', () => {
    const text = 'Intro.\n\n# One\n\nBody one.\n\n## Two ##\nBody two.';
    expect(chunksOf(text).map(({ text: part, heading }) => [part, heading])).toEqual([
      ['Intro.', null],
      ['# One\n\nBody one.', 'One'],
      ['## Two ##\nBody two.', 'Two'],
    ]);
  });

  test('headings in a row stay together, and the innermost names the chunk', () => {
    expect(chunksOf('# Book\n\n## Chapter\n\nText.')).toMatchObject([
      { text: '# Book\n\n## Chapter\n\nText.', heading: 'Chapter' },
    ]);
  });

  test('a heading is not left alone by a paragraph that has no room beside it', () => {
    const body = `${sentence(9, 'a')}${sentence(9, 'b')}`.trim();
    const chunks = chunksOf(`# A title here\n\n${body}`, { max_chars: 100 });
    expect(chunks.map(({ text, heading }) => [text.slice(0, 24), heading])).toEqual([
      ['# A title here\n\nAaaa aaa', 'A title here'],
      ['Bbbb bbbb bbbb bbbb bbbb', 'A title here'],
    ]);
  });

  test('a heading takes the first words of a sentence that has no room beside it', () => {
    const [first, second] = texts(`# ${'t'.repeat(60)}\n\n${sentence(19)}`, { max_chars: 100 });
    expect(first).toMatch(/^# t+\n\nWwww( wwww)+$/);
    expect(second).toMatch(/^wwww/);
  });

  test('a comment in a code block is no heading', () => {
    expect(chunksOf('```sh\n# install\nnpm i\n```\n\n#hashtag\n\n####### seven')).toHaveLength(1);
  });

  test('a title that never ends is cut', () => {
    const [chunk] = chunksOf(`# ${'😀'.repeat(500)}`);
    expect(chunk?.heading).toBe('😀'.repeat(100));
  });
});

describe('overlap', () => {
  test('a chunk begins with the last words of the one before it', () => {
    const text = Array.from({ length: 60 }, (_, index) => `w${index + 10}`).join(' ');
    const chunks = chunksOf(text, { max_chars: 100, overlap_chars: 20 });
    for (const [index, chunk] of chunks.entries()) {
      const before = chunks[index - 1];
      if (before === undefined) continue;
      expect(before.end - chunk.start).toBe(19);
      expect(chunk.text).toMatch(/^w\d\d /);
    }
  });

  test('nothing is carried over a heading', () => {
    const text = `${sentence(15)}\n\n# New\n\n${sentence(15, 'b')}`;
    expect(texts(text, { max_chars: 100, overlap_chars: 40 })[1]).toMatch(/^# New\n\nBbbb/);
  });

  test('half a chunk of overlap is too much', () => {
    expect(failureOf(run({ text: 'a', max_chars: 100, overlap_chars: 50 }))).toMatchObject({
      message: 'overlap_chars must be less than half of max_chars: 50 of 100',
      violations: [{ pointer: '/overlap_chars', code: 'out_of_bounds' }],
    });
  });
});

describe('what is promised of any text', () => {
  const cases = fc.record({
    text: messyText(200),
    max_chars: fc.integer({ min: 100, max: 300 }),
    overlap_chars: fc.integer({ min: 0, max: 49 }),
    unit: fc.constantFrom('paragraph' as const, 'sentence' as const),
  });

  test('chunks are exact, bounded, in order, and hold everything visible', () => {
    fc.assert(
      fc.property(cases, (input) => {
        const { chunks } = valueOf(run(input));
        const { text } = input;
        let reached = 0;
        let lastStart = -1;
        for (const [index, chunk] of chunks.entries()) {
          expect(chunk.index).toBe(index);
          expect(chunk.text).toBe(text.slice(chunk.start, chunk.end));
          expect(chunk.text.length).toBeLessThanOrEqual(input.max_chars);
          expect(chunk.text).toBe(chunk.text.trim());
          expect(chunk.text).not.toBe('');
          expect(chunk.start).toBeGreaterThan(lastStart);
          expect(chunk.end).toBeGreaterThan(reached);
          expect(text.slice(reached, chunk.start).trim()).toBe('');
          expect(reached - chunk.start).toBeLessThanOrEqual(input.overlap_chars);
          for (const cut of [chunk.start, chunk.end]) {
            expect(text.slice(cut - 1, cut + 1)).not.toMatch(/^[\uD800-\uDBFF][\uDC00-\uDFFF]$/);
          }
          reached = chunk.end;
          lastStart = chunk.start;
        }
        expect(text.slice(reached).trim()).toBe('');
      }),
      { numRuns: 500 },
    );
  });

  test('source ranges are those of the given map', () => {
    fc.assert(
      fc.property(messyText(60).chain(editedFrom), ({ text, map }) => {
        const source_map = mapInput(map);
        for (const chunk of chunksOf(text, { max_chars: 100, source_map })) {
          expect({ start: chunk.source_start, end: chunk.source_end }).toEqual(
            locate(map, chunk.start, chunk.end),
          );
        }
      }),
    );
  });

  test('a text without anything visible has no chunks', () => {
    expect(chunksOf(' \n\t\n ')).toEqual([]);
    expect(chunksOf('')).toEqual([]);
  });

  test('more than two thousand chunks are refused with the number', () => {
    expect(chunksOf('# a\nb\n'.repeat(2_000))).toHaveLength(2_000);
    expect(failureOf(run({ text: '# a\nb\n'.repeat(2_001) })).message).toBe(
      'the text makes 2001 chunks of at most 1200 characters, and at most 2000 are allowed; raise max_chars, or send the text in parts',
    );
  });

  test.each([
    ['a', 111],
    [' ', 0],
    ['a. ', 111],
    ['漢字', 111],
    ['😀', 111],
    ['🇩🇪', 111],
    ['\u0301', 100],
    ['\uD800', 111],
    ['.', 111],
    ['```\n', 111],
    ['# a\n', 100],
  ])('a hundred thousand characters of %j make %i chunks', (unit, count) => {
    const text = unit.repeat(100_000 / unit.length);
    const chunks = chunksOf(text, { max_chars: 1_000, overlap_chars: 100 });
    expect(chunks).toHaveLength(count);
    expect(chunks.at(-1)?.end ?? 0).toBe(text.trimEnd().length);
  });
});

test('windows do not show in the segments of a long text', () => {
  const text = 'One sentence here. Another, a little longer, follows it! '.repeat(400);
  const whole = Array.from(
    new Intl.Segmenter('en', { granularity: 'sentence' }).segment(text),
    ({ index }) => index,
  );
  const windowed = Array.from(
    segmentsOf(text, { start: 0, end: text.length }, 'sentence'),
    ({ start }) => start,
  );
  expect(windowed).toEqual(whole);
  const long = `${'a'.repeat(9_000)} b`;
  expect(
    Array.from(segmentsOf(long, { start: 0, end: long.length }, 'word'), ({ end }) => end),
  ).toEqual([9_000, 9_001, 9_002]);
});
