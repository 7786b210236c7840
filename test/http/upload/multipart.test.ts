import { assert, asyncProperty, integer, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readForm } from '../../../src/http/upload/multipart.ts';

const BOUNDARY = 'XyZ';

type Part = { readonly headers: Record<string, string>; bytes: number[] };

/** Reads a form that arrives in pieces of the given size. */
async function read(whole: Uint8Array, pieceBytes: number) {
  const parts: Part[] = [];
  const problems: string[] = [];
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < whole.length; at += pieceBytes) {
        controller.enqueue(whole.slice(at, at + pieceBytes));
      }
      controller.close();
    },
  });
  for await (const piece of readForm(stream, BOUNDARY)) {
    if (piece.kind === 'part')
      parts.push({ headers: Object.fromEntries(piece.headers), bytes: [] });
    else if (piece.kind === 'bytes') parts.at(-1)?.bytes.push(...piece.bytes);
    else problems.push(piece.message);
  }
  return { parts, problems };
}

function form(...pieces: (string | Uint8Array)[]): Uint8Array {
  const encoded = pieces.map((piece) =>
    typeof piece === 'string' ? new TextEncoder().encode(piece) : piece,
  );
  return Uint8Array.from(encoded.flatMap((piece) => [...piece]));
}

const HEAD = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"\r\n\r\n`;
const TAIL = `\r\n--${BOUNDARY}--\r\n`;

describe('a form', () => {
  test('gives its parts back whatever they hold and however it is cut', async () => {
    // Bytes of which boundaries are made come more often than by chance.
    const bytes = uint8Array({ maxLength: 60 }).map((list) =>
      list.map((byte) => (byte < 120 ? (form(`\r\n--${BOUNDARY}`)[byte % 7] ?? byte) : byte)),
    );
    await assert(
      asyncProperty(bytes, bytes, integer({ min: 1, max: 40 }), async (one, two, pieceBytes) => {
        const whole = form(HEAD, one, `\r\n${HEAD}`, two, TAIL);
        const { parts, problems } = await read(whole, pieceBytes);
        // A body that holds the boundary itself is no body that a client sends.
        if (
          [one, two].some((part) =>
            form('\r\n', part)
              .join()
              .includes(form(`\r\n--${BOUNDARY}`).join()),
          )
        )
          return;
        expect(problems).toEqual([]);
        expect(parts.map((part) => part.bytes)).toEqual([[...one], [...two]]);
        expect(parts[0]?.headers['content-disposition']).toBe('form-data; name="file"');
      }),
    );
  });

  test('may have a preamble, an epilogue, blanks after a boundary, and parts without headers', async () => {
    const whole = form(`before\r\n--${BOUNDARY} \t\r\n\r\na${TAIL}after`);
    const { parts, problems } = await read(whole, 3);
    expect(problems).toEqual([]);
    expect(parts.map(({ bytes }) => String.fromCharCode(...bytes))).toEqual(['a']);
  });

  test.each<[string, Uint8Array, RegExp]>([
    ['ends in the middle', form(HEAD, 'abc'), /ends in the middle/],
    ['is empty', form(''), /ends in the middle/],
    ['has no boundary', form('just text'), /ends in the middle/],
    ['goes on after a boundary', form(`--${BOUNDARY}x\r\n`), /does not end its line/],
    ['has endless headers', form(`--${BOUNDARY}\r\n${'a: b\r\n'.repeat(4_000)}`), /too long/],
  ])('that %s is said to be broken', async (_what, whole, words) => {
    const { problems } = await read(whole, 1_000);
    expect(problems.join()).toMatch(words);
  });
});
