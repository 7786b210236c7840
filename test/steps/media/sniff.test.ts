import { assert, constantFrom, property, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { agreeOnType, normalType, sniff } from '../../../src/steps/media/sniff.ts';

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const FTYP = '\0\0\0\u0018ftyp';

describe('the first bytes of a file tell its type', () => {
  test.each<[string, string]>([
    ['\u0089PNG\r\n\u001a\n', 'image/png'],
    ['\u00ff\u00d8\u00ff\u00e0', 'image/jpeg'],
    ['GIF89a', 'image/gif'],
    ['RIFF\0\0\0\0WEBP', 'image/webp'],
    [`${FTYP}avif`, 'image/avif'],
    [`${FTYP}heic`, 'image/heic'],
    [`${FTYP}isom`, 'video/mp4'],
    [`${FTYP}M4A `, 'audio/mp4'],
    [`${FTYP}qt  `, 'video/quicktime'],
    ['RIFF\0\0\0\0WAVE', 'audio/wav'],
    ['ID3\u0003', 'audio/mpeg'],
    ['\u00ff\u00fb\u0090\u0064', 'audio/mpeg'],
    ['\u00ff\u00f1\u0050', 'audio/aac'],
    ['fLaC', 'audio/flac'],
    [`OggS${'\0'.repeat(24)}\u0001vorbis`, 'audio/ogg'],
    [`OggS${'\0'.repeat(24)}\u0080theora`, 'video/ogg'],
    ['\u001aE\u00df\u00a3....webm', 'video/webm'],
    ['\u001aE\u00df\u00a3....matroska', 'video/x-matroska'],
    ['%PDF-1.7', 'application/pdf'],
    ['PK\u0003\u0004', 'application/zip'],
    ['\u007fELF', 'application/x-elf'],
  ])('%j is %s', (text, mimeType) => {
    expect(sniff(bytesOf(text), true)).toEqual({ kind: 'type', mimeType });
  });

  test.each<[string, Uint8Array]>([
    ['ASCII', bytesOf('a,b\n1,2\n')],
    ['UTF-8', new TextEncoder().encode('größer')],
    ['UTF-16 with its mark', Uint8Array.of(0xff, 0xfe, 0x68, 0)],
    ['a character cut at the end', new TextEncoder().encode('aä').subarray(0, 2)],
    ['nothing', new Uint8Array()],
  ])('%s is text', (_what, bytes) => {
    expect(sniff(bytes, false)).toEqual({ kind: 'text' });
  });

  test('a cut character at the end of the whole is no text', () => {
    const cut = new TextEncoder().encode('aä').subarray(0, 2);
    expect(sniff(cut, true)).toEqual({ kind: 'unknown' });
  });

  test('no bytes are too strange', () => {
    const declared = constantFrom(null, 'image/png', 'text/plain', 'x/y', 'application/json');
    assert(
      property(uint8Array({ maxLength: 64 }), declared, (bytes, type) => {
        const agreed = agreeOnType(type, sniff(bytes, true));
        expect(agreed.ok ? [agreed.mimeType] : [agreed.declared, type]).toContain(
          type ?? (agreed.ok ? agreed.mimeType : ''),
        );
      }),
    );
  });
});

describe('a declared type', () => {
  const png = sniff(bytesOf('\u0089PNG\r\n\u001a\n'), true);
  const zip = sniff(bytesOf('PK\u0003\u0004'), true);
  const mp4 = sniff(bytesOf(`${FTYP}isom`), true);
  const text = sniff(bytesOf('{"a": 1}'), true);
  const unknown = sniff(Uint8Array.of(1, 2, 3, 0), true);
  const docx = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

  test.each([
    ['image/png', png],
    [docx, zip],
    ['application/epub+zip', zip],
    ['audio/mp4', mp4],
    ['application/json', text],
    ['text/csv', text],
    ['image/svg+xml', text],
    ['application/x-own', text],
    ['application/x-own', unknown],
    ['audio/mpeg', unknown],
  ])('%s is kept', (declared, sniffed) => {
    expect(agreeOnType(declared, sniffed)).toEqual({ ok: true, mimeType: declared });
  });

  test.each([
    ['image/jpeg', png],
    ['text/plain', png],
    ['application/x-own', png],
    ['image/png', text],
    ['application/pdf', text],
    ['audio/mpeg', text],
    ['image/png', unknown],
    ['text/plain', unknown],
    ['application/json', unknown],
    [docx, png],
  ])('%s is contradicted', (declared, sniffed) => {
    expect(agreeOnType(declared, sniffed)).toMatchObject({ ok: false, declared });
  });

  test.each([
    [null, png, 'image/png'],
    ['application/octet-stream', png, 'image/png'],
    [null, text, 'text/plain'],
    [null, unknown, 'application/octet-stream'],
  ])('of %s leaves it to the bytes', (declared, sniffed, mimeType) => {
    expect(agreeOnType(declared, sniffed)).toEqual({ ok: true, mimeType });
  });

  test.each([
    ['Image/JPG; charset=x', 'image/jpeg'],
    [' text/plain ', 'text/plain'],
    ['audio/x-wav', 'audio/wav'],
    ['nonsense', null],
    ['a/b/c', null],
    ['', null],
  ])('%j is normally %s', (given, normal) => {
    expect(normalType(given)).toBe(normal);
  });
});
