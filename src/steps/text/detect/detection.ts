import type { Span } from '../source-map.ts';

/** A sensitive value in a text. Two detections of the same entity with one key are the same value. */
export type Detection = Span & { readonly key: string };

/**
 * One detection for every match that `accept` gives a key for. A pattern must take time in proportion to the text,
 * whatever the text is: bounded repeats, or repeats of one character class with nothing after them that can fail.
 */
export function detectMatches(
  text: string,
  pattern: RegExp,
  accept: (value: string) => string | null,
): Detection[] {
  const detections: Detection[] = [];
  for (const match of text.matchAll(pattern)) {
    const key = accept(match[0]);
    if (key === null) continue;
    detections.push({ start: match.index, end: match.index + match[0].length, key });
  }
  return detections;
}

/** Joins detections that overlap: what two rules see parts of is hidden as a whole. */
export function mergeDetections(text: string, detections: readonly Detection[]): Detection[] {
  const merged: Detection[] = [];
  for (const detection of detections.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1);
    if (last === undefined || detection.start >= last.end) {
      merged.push(detection);
    } else if (detection.end > last.end) {
      const { start } = last;
      merged[merged.length - 1] = {
        start,
        end: detection.end,
        key: text.slice(start, detection.end),
      };
    }
  }
  return merged;
}

const WORD = /[\p{L}\p{N}_]/u;

/** No letter, digit or underscore touches the span. */
export function standsAlone(text: string, { start, end }: Span): boolean {
  return !WORD.test(text.charAt(start - 1)) && !WORD.test(text.charAt(end));
}

/** The value without the full stops and hyphens at its end: those belong to the sentence around it. */
export function withoutTail(value: string): string {
  let end = value.length;
  while (end > 0 && /[.-]/.test(value.charAt(end - 1))) end -= 1;
  return value.slice(0, end);
}
