import * as fc from 'fast-check';
import { expect } from 'vitest';

import type { Failure, Outcome } from '../../../src/domain/job/failure.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { applyEdits, type Edit } from '../../../src/steps/text/edits.ts';
import type { SourceMap } from '../../../src/steps/text/source-map.ts';

/** The value of an outcome that has to be one. */
export function valueOf<T>(outcome: Outcome<T>): T {
  expect(outcome).toMatchObject({ ok: true });
  if (!outcome.ok) throw new Error(outcome.failure.message);
  return outcome.value;
}

/** The failure of an outcome that has to be one. */
export function failureOf(outcome: Outcome<unknown>): Failure {
  if (outcome.ok) throw new Error('succeeded');
  expect(outcome.failure).toMatchObject({ class: 'step_input_invalid', phase: 'not_sent' });
  return outcome.failure;
}

/** Pieces that break careless text code, and ordinary ones between them. */
const pieces = [
  ...Array.from('abc Z 19 \n\t.,!?-—…“”‘’'),
  ' ',
  '  ',
  '\n\n\n',
  '\r\n',
  '\r',
  '\u0085',
  '\u2028',
  '\f',
  '\u00A0',
  '\u3000',
  '\u202F',
  '\u200B',
  '\u200C',
  '\u200D',
  '\u00AD',
  '\uFEFF',
  '\u202E',
  '\u0000',
  '\u034F',
  '\u{E0041}',
  '\uFE0F',
  '\u{E0100}',
  'é',
  'e\u0301',
  'o\u0323\u0302',
  '\u0301',
  '\u0345',
  '\u212B',
  '\u1100\u1161\u11A8',
  '\u11A8',
  '\u115F',
  '\u{16D63}\u{16D67}\u{16D67}',
  '\u09C7\u09BE',
  '😀',
  '👩‍👩‍👧',
  '🏴‍☠️',
  '👋🏽',
  '🇩🇪',
  '1️⃣',
  'שלום',
  'مرحبا',
  'کتاب‌ها',
  'क्‍ष',
  '漢字',
  'สวัสดี',
  '𝒳',
  '\uD800',
  '\uDC00',
  '# Title',
  '\n## ',
  '```\n',
  'word ',
  'A sentence. ',
  'exam-\nple',
  'exam\u00AD\n  ple',
];

export const messyText = (maxLength = 60): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 3 })), {
      maxLength,
    })
    .map((parts) => parts.join(''));

/** A text, some edits of it, and what they make of it. */
export type Edited = {
  readonly source: string;
  readonly edits: readonly Edit[];
  readonly text: string;
  readonly map: SourceMap;
};

function editsFor(source: string): fc.Arbitrary<Edit[]> {
  return fc
    .array(
      fc.record({
        gap: fc.nat(4),
        length: fc.integer({ min: 1, max: 4 }),
        replacement: fc.string({ maxLength: 5 }),
      }),
      { maxLength: 10 },
    )
    .map((steps) => {
      const edits: Edit[] = [];
      let at = 0;
      for (const { gap, length, replacement } of steps) {
        const start = at + gap;
        const end = start + length;
        if (end > source.length) break;
        edits.push({ start, end, replacement });
        at = end;
      }
      return edits;
    });
}

export function editedFrom(source: string): fc.Arbitrary<Edited> {
  return editsFor(source).map((edits) => ({ source, edits, ...applyEdits(source, edits) }));
}

/** A map as JSON has it: nothing is read-only there. */
export function mapInput(map: SourceMap): [number, number, number, number][] {
  return map.map(([...run]) => run);
}

/** A range inside a text of the given length, as two fractions decide. */
export function rangeIn(length: number, from: number, to: number): { start: number; end: number } {
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  return { start: Math.floor(low * length), end: Math.floor(high * length) };
}

export const fraction = fc.double({ min: 0, max: 1, noNaN: true });

/** Where a citation points. */
export function placesOf(citation: JsonObject | undefined) {
  return citation as Record<'text_start' | 'text_end' | 'source_start' | 'source_end', number>;
}
