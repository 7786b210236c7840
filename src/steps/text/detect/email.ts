import type { Detection } from './detection.ts';

/** Longest parts that mail standards allow. */
const LOCAL_CHARS_MAX = 64;
const DOMAIN_CHARS_MAX = 253;

const LOCAL_CHAR = /[\p{L}\p{M}\p{N}._%+'#~!$^*&-]/u;
const DOMAIN = /[\p{L}\p{M}\p{N}-]{1,63}(?:\.[\p{L}\p{M}\p{N}-]{1,63}){1,8}/uy;
/** A top-level domain at the head of a label; what follows it in the label is not of the address. */
const TOP_LEVEL = /^(?:xn--[a-z0-9-]{1,59}|\p{L}[\p{L}\p{M}]{1,62})/iu;

/** E-mail addresses, found from their `@` outwards. */
export function detectEmails(text: string): Detection[] {
  const detections: Detection[] = [];
  let searchFrom = 0;
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    const start = localStart(text, at, searchFrom);
    const end = domainEnd(text, at + 1);
    if (start === at || end === null) continue;
    detections.push({ start, end, key: text.slice(start, end).toLowerCase() });
    searchFrom = end;
  }
  return detections;
}

function localStart(text: string, at: number, earliest: number): number {
  let start = at;
  while (start > earliest && at - start < LOCAL_CHARS_MAX) {
    const previous = codePointEndingAt(text, start);
    if (!LOCAL_CHAR.test(previous)) break;
    start -= previous.length;
  }
  while (start < at && /['.#*&^!-]/.test(text.charAt(start))) start += 1;
  return start;
}

function codePointEndingAt(text: string, end: number): string {
  const pair = text.slice(Math.max(end - 2, 0), end);
  return /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(pair) ? pair : pair.slice(-1);
}

/** Where the longest domain at `start` ends, if there is one. */
function domainEnd(text: string, start: number): number | null {
  DOMAIN.lastIndex = start;
  const labels = (DOMAIN.exec(text)?.[0] ?? '').slice(0, DOMAIN_CHARS_MAX).split('.');
  for (let last = labels.pop(); last !== undefined && labels.length > 0; last = labels.pop()) {
    const topLevel = TOP_LEVEL.exec(last)?.[0];
    if (topLevel !== undefined) return start + labels.join('.').length + 1 + topLevel.length;
  }
  return null;
}
