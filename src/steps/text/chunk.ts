import { z } from 'zod';

import type { TransformStep } from '../port.ts';
import { blocksOf } from './chunk-blocks.ts';
import { packBlocks } from './chunk-pack.ts';
import { locate } from './source-map.ts';
import { readSourceMap, refuseInput, sourceMapField, textField } from './text-input.ts';

const CHUNKS_MAX = 2_000;
const CHARS_DEFAULT = 1_200;

const input = z.strictObject({
  text: textField,
  source_map: sourceMapField,
  max_chars: z
    .int()
    .min(100, 'must be at least 100')
    .max(20_000, 'must be at most 20,000')
    .default(CHARS_DEFAULT),
  overlap_chars: z.int().min(0, 'must not be negative').default(0),
  unit: z.enum(['paragraph', 'sentence']).default('paragraph'),
});

export type Chunk = {
  readonly index: number;
  /** Exactly `text.slice(start, end)` of the given text. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly source_start: number;
  readonly source_end: number;
  /** The markdown heading that the chunk stands under, or begins with. */
  readonly heading: string | null;
};

/** Parts a text into chunks along its structure. Every visible character is in at least one chunk. */
export const textChunk = {
  version: 1,
  input,
  run(given) {
    const { text, max_chars: charsMax, overlap_chars: overlapChars, unit } = given;
    if (overlapChars * 2 >= charsMax) {
      const message = `overlap_chars must be less than half of max_chars: ${overlapChars} of ${charsMax}`;
      return refuseInput(message, [{ pointer: '/overlap_chars', code: 'out_of_bounds', message }]);
    }
    const source = readSourceMap(text, given.source_map);
    if (!source.ok) return source;

    const packed = packBlocks(text, blocksOf(text), { charsMax, overlapChars, unit });
    if (packed.length > CHUNKS_MAX) {
      return refuseInput(
        `the text makes ${packed.length} chunks of at most ${charsMax} characters, and at most ${CHUNKS_MAX} are allowed; raise max_chars, or send the text in parts`,
      );
    }
    const chunks = packed.map(({ start, end, heading }, index): Chunk => {
      const { start: source_start, end: source_end } = locate(source.value, start, end);
      return { index, text: text.slice(start, end), start, end, source_start, source_end, heading };
    });
    return { ok: true, value: { chunks } };
  },
} satisfies TransformStep<typeof input, { readonly chunks: readonly Chunk[] }>;
