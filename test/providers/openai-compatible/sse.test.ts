import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createSseParser, type ServerSentEvent } from '../../../src/providers/http/sse.ts';

function parse(pieces: readonly string[]): readonly ServerSentEvent[] {
  const parser = createSseParser();
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
}

const stream = [
  ': a comment, as some proxies send to keep the line open\r\n',
  'data: {"a":1}\r\n\r\n',
  'event: error\ndata:first line\ndata: second line\nid: 7\nretry: 10\n\n',
  'data\n\n',
  'unknown: field\rdata: by CR alone\r\r',
  '\n\n',
  'data:  two blanks\n\n',
  'data: no blank line at the end',
].join('');

const expected: readonly ServerSentEvent[] = [
  { event: 'message', data: '{"a":1}' },
  { event: 'error', data: 'first line\nsecond line' },
  { event: 'message', data: '' },
  { event: 'message', data: 'by CR alone' },
  { event: 'message', data: ' two blanks' },
  { event: 'message', data: 'no blank line at the end' },
];

describe('an event stream', () => {
  test('gives its events, whatever ends the lines', () => {
    expect(parse([stream])).toEqual(expected);
  });

  test('gives the same events when it is cut in two anywhere', () => {
    for (let cut = 0; cut <= stream.length; cut += 1) {
      expect(parse([stream.slice(0, cut), stream.slice(cut)])).toEqual(expected);
    }
  });

  test('gives the same events one character at a time', () => {
    expect(parse(Array.from(stream))).toEqual(expected);
  });

  test('gives the same events in any pieces', () => {
    const piece = fc.constantFrom(
      'data: x',
      '\n',
      '\r',
      '\r\n',
      ':c',
      'event: e',
      'data:',
      ' ',
      '',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(12)), (parts, sizes) => {
        const text = parts.join('');
        const pieces: string[] = [];
        let at = 0;
        for (const size of sizes) {
          pieces.push(text.slice(at, at + size));
          at += size;
        }
        pieces.push(text.slice(at));
        expect(parse(pieces)).toEqual(parse([text]));
      }),
    );
  });

  test('a long line in many pieces does not cost its square', () => {
    const parser = createSseParser();
    parser.push('data: ');
    const piece = 'x'.repeat(64);
    for (let count = 0; count < 100_000; count += 1) parser.push(piece);
    const [event] = parser.push('\n\n');
    expect(event?.data).toHaveLength(6_400_000);
  });
});
