import { concatBytes } from '../../domain/bytes.ts';
import type { Failure, Outcome } from '../../domain/job/failure.ts';
import { networkFailure } from './outside-failure.ts';

/**
 * Reads a body of at most `bytesMax` bytes. A length that is announced too large is refused before reading; one that
 * lies is found by counting. Of a compressed body the bytes count after unpacking.
 */
export async function readCapped(
  { body, headers }: Response,
  bytesMax: number,
): Promise<Outcome<Uint8Array<ArrayBuffer>>> {
  const announced = announcedLength(headers);
  if (announced !== null && announced > bytesMax) {
    await body?.cancel().catch(() => {});
    return { ok: false, failure: tooLarge(bytesMax) };
  }
  const read = body === null ? [] : await readPieces(body, bytesMax);
  if (read === 'too_large') return { ok: false, failure: tooLarge(bytesMax) };
  if (read === 'broken') return { ok: false, failure: broken() };
  const bytes = concatBytes(read);
  if (announced !== null && announced !== bytes.length) return { ok: false, failure: broken() };
  return { ok: true, value: bytes };
}

async function readPieces(
  body: ReadableStream<Uint8Array>,
  bytesMax: number,
): Promise<readonly Uint8Array[] | 'too_large' | 'broken'> {
  const pieces: Uint8Array[] = [];
  const reader = body.getReader();
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return pieces;
      length += value.byteLength;
      if (length > bytesMax) {
        await reader.cancel().catch(() => {});
        return 'too_large';
      }
      pieces.push(value);
    }
  } catch {
    return 'broken';
  }
}

/** Null where it is not said, or where it counts other bytes than those that are read. */
function announcedLength(headers: Headers): number | null {
  const text = headers.get('content-length');
  const encoding = headers.get('content-encoding') ?? 'identity';
  return text !== null && /^\d+$/.test(text) && encoding === 'identity' ? Number(text) : null;
}

function tooLarge(bytesMax: number): Failure {
  const message = `the file is larger than the ${bytesMax} bytes that are allowed here; it was not read to its end`;
  return { class: 'payload_too_large', phase: 'finished', code: 'max_bytes', message };
}

function broken(): Failure {
  return networkFailure('unknown', 'body_cut', 'the connection broke in the middle of the file');
}
