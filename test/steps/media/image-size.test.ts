import { assert, property, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { imageSize } from '../../../src/steps/media/image-size.ts';

function hex(text: string): Uint8Array {
  return Uint8Array.from(text.replaceAll(' ', '').match(/../g) ?? [], (byte) =>
    Number.parseInt(byte, 16),
  );
}

const PNG = hex('89504e470d0a1a0a 0000000d 49484452 00000280 000001e0 0802000000');
const GIF = hex('474946383961 4001 c800 f70000');
const LOSSY = hex('52494646 24000000 57454250 56503820 18000000 300100 9d012a 2003 5802 0000');
/** 14 bits of width - 1 = 799, then 14 bits of height - 1 = 599. */
const LOSSLESS = hex('52494646 24000000 57454250 5650384c 18000000 2f 1fc39500 00');
const EXTENDED = hex('52494646 24000000 57454250 56503858 0a000000 10000000 1f0300 570200');
const JPEG = hex('ffd8 ffe0 0004 0000 ffff dd 0004 0001 ffc2 0011 08 0258 0320 03 012200');

describe('the size of an image', () => {
  test.each<[string, Uint8Array, number, number]>([
    ['a PNG', PNG, 640, 480],
    ['a GIF', GIF, 320, 200],
    ['a lossy WebP', LOSSY, 800, 600],
    ['a lossless WebP', LOSSLESS, 800, 600],
    ['an extended WebP', EXTENDED, 800, 600],
    ['a progressive JPEG behind other segments', JPEG, 800, 600],
  ])('of %s is in its header, wherever that lies in memory', (_what, bytes, width, height) => {
    expect(imageSize(bytes)).toEqual({ width, height });
    const inside = new Uint8Array(bytes.length + 7);
    inside.set(bytes, 7);
    expect(imageSize(inside.subarray(7))).toEqual({ width, height });
  });

  test.each([PNG, GIF, LOSSY, LOSSLESS, EXTENDED, JPEG])('is unknown of a cut header', (bytes) => {
    for (let length = 0; length < 10; length += 1) {
      expect(imageSize(bytes.subarray(0, Math.min(length, bytes.length - 12)))).toBeNull();
    }
  });

  test('is unknown, and nothing worse, of all else', () => {
    assert(
      property(uint8Array({ maxLength: 100 }), (tail) => {
        expect(imageSize(Uint8Array.of(0xff, 0xd8, ...tail))).toSatisfy(isSizeOrNull);
        expect(imageSize(tail)).toSatisfy(isSizeOrNull);
      }),
    );
  });
});

function isSizeOrNull(size: ReturnType<typeof imageSize>): boolean {
  return size === null || (size.width > 0 && size.height > 0);
}
