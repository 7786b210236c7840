import type { Span } from '../source-map.ts';

/** A character that no detector takes for a part of anything. */
export const MASK = '\uFFFC';

/** The text with the spans hidden, and every other character where it was. Spans are in order. */
export function withMasks(text: string, spans: readonly Span[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    parts.push(text.slice(at, start), MASK.repeat(end - start));
    at = end;
  }
  return parts.join('') + text.slice(at);
}
