import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { textChunk } from '../../../src/steps/text/chunk.ts';
import { textCite } from '../../../src/steps/text/cite.ts';
import { locate } from '../../../src/steps/text/source-map.ts';
import {
  editedFrom,
  failureOf,
  fraction,
  mapInput,
  messyText,
  placesOf,
  rangeIn,
  valueOf,
} from './support.ts';

const run = (input: unknown) => textCite.run(textCite.input.parse(input));

const chunks = [
  { index: 0, start: 0, end: 10 },
  { index: 1, start: 12, end: 20 },
];

describe('citations', () => {
  test('a range in a chunk becomes ranges of the text and of its original, with all that was said of it', () => {
    const input = {
      chunks,
      source_map: [[0, 5, 20, 20]],
      items: [{ chunk: 1, start: 2, end: 6, quote: 'four', score: 0.5, tags: ['a'] }],
    };
    expect(valueOf(run(input)).citations).toEqual([
      {
        quote: 'four',
        score: 0.5,
        tags: ['a'],
        chunk: 1,
        text_start: 14,
        text_end: 18,
        source_start: 19,
        source_end: 23,
      },
    ]);
  });

  test('without a map the chunked text is the original', () => {
    const items = [{ chunk: 0, start: 0, end: 10 }];
    expect(valueOf(run({ chunks, items })).citations).toEqual([
      { chunk: 0, text_start: 0, text_end: 10, source_start: 0, source_end: 10 },
    ]);
  });

  test('chunks are taken as text.chunk puts them out, and agree with it', () => {
    fc.assert(
      fc.property(
        messyText(60).chain(editedFrom),
        fraction,
        fraction,
        fraction,
        ({ text, map }, which, from, to) => {
          const source_map = mapInput(map);
          const chunked = valueOf(
            textChunk.run(textChunk.input.parse({ text, source_map, max_chars: 100 })),
          );
          const chunk =
            chunked.chunks[
              Math.min(Math.floor(which * chunked.chunks.length), chunked.chunks.length - 1)
            ];
          fc.pre(chunk !== undefined);
          const { start, end } = rangeIn(chunk.text.length, from, to);
          fc.pre(start < end);
          const items = [{ chunk: chunk.index, start, end }];
          const [citation] = valueOf(run({ chunks: chunked.chunks, source_map, items })).citations;
          const { text_start, text_end, source_start, source_end } = placesOf(citation);
          expect(text.slice(text_start, text_end)).toBe(chunk.text.slice(start, end));
          expect({ start: source_start, end: source_end }).toEqual(
            locate(map, text_start, text_end),
          );
        },
      ),
    );
  });
});

describe('what does not fit is named', () => {
  test.each([
    [
      { chunk: 7, start: 0, end: 1 },
      '/items/1/chunk',
      'unknown_chunk',
      'is 7, and no chunk has that index',
    ],
    [
      { chunk: 1, start: 0, end: 9 },
      '/items/1/end',
      'out_of_bounds',
      'is 9, but chunk 1 has 8 characters',
    ],
    [
      { chunk: 1, start: 3, end: 3 },
      '/items/1/end',
      'empty_range',
      'is 3, not after start, which is 3',
    ],
  ])('item %j', (item, pointer, code, message) => {
    const failure = failureOf(run({ chunks, items: [{ chunk: 0, start: 0, end: 1 }, item] }));
    expect(failure.violations).toEqual([{ pointer, code, message }]);
    expect(failure.message).toBe(`the items do not fit the chunks: ${pointer} ${message}`);
  });

  test('many bad items are counted and a few are listed', () => {
    const items = Array.from({ length: 50 }, () => ({ chunk: 9, start: 0, end: 1 }));
    const failure = failureOf(run({ chunks, items }));
    expect(failure.message).toMatch(/, and 49 more$/);
    expect(failure.violations).toHaveLength(20);
  });

  test.each([
    ['a chunk twice', { chunks: [chunks[0], chunks[0]] }, '/chunks/1', /repeats the index 0/],
    [
      'an empty chunk',
      { chunks: [{ index: 0, start: 4, end: 4 }] },
      '/chunks/0',
      /ends at 4, not after/,
    ],
    [
      'a map of a shorter text',
      { chunks, source_map: [[0, 0, 15, 15]] },
      '/chunks/1',
      /describes 15 characters/,
    ],
    ['a map with a hole', { chunks, source_map: [[1, 0, 30, 30]] }, '/source_map', /begins at 1/],
    [
      'a map that was not the one of the chunks',
      { chunks: [{ ...chunks[0], source_start: 3, source_end: 13 }] },
      '/chunks/0',
      /has the source 3 to 13, but by the source_map it is 0 to 10/,
    ],
  ])('%s', (_, input, pointer, message) => {
    const [violation] = failureOf(run({ items: [], ...input })).violations ?? [];
    expect(violation?.pointer).toBe(pointer);
    expect(violation?.message).toMatch(message);
  });

  test('offsets that are no whole numbers are no input', () => {
    const items = [{ chunk: 0, start: 0.5, end: 2 }];
    expect(textCite.input.safeParse({ chunks, items }).success).toBe(false);
    expect(textCite.input.safeParse({ chunks, items: [], extra: 1 }).success).toBe(false);
  });
});
