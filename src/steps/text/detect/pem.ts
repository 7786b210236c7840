import type { Detection } from './detection.ts';

const BEGIN = /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g;
const END = /-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g;
/** The lines of a key whose end was cut off: base64, with line ends as they are or spelt out. */
const BODY =
  /(?:(?:\s|\\[nr]){0,4}[A-Za-z0-9+/]{16,}={0,2}){0,1000}(?:(?:\s|\\[nr]){1,4}[A-Za-z0-9+/]{1,15}={1,2})?/y;

/** Private keys in PEM or OpenPGP armour, from the first line to the last, or as far as they go. */
export function detectPrivateKeys(text: string): Detection[] {
  const begins = Array.from(text.matchAll(BEGIN));
  const ends = Array.from(text.matchAll(END), (match) => match.index + match[0].length);
  let nextEnd = 0;
  return begins.map((begin, index) => {
    const start = begin.index;
    while ((ends[nextEnd] ?? Number.POSITIVE_INFINITY) <= start) nextEnd += 1;
    const end = ends[nextEnd];
    const isClosed = end !== undefined && end <= (begins[index + 1]?.index ?? text.length);
    const reached = isClosed ? end : endOfBody(text, start + begin[0].length);
    return { start, end: reached, key: text.slice(start, reached) };
  });
}

function endOfBody(text: string, from: number): number {
  BODY.lastIndex = from;
  return from + (BODY.exec(text)?.[0] ?? '').length;
}
