import { endBeforePairSplit, trimSpan } from './chunk-blocks.ts';
import { segmentsOf } from './segments.ts';
import type { Span } from './source-map.ts';

type Splitter = (text: string, span: Span, charsMax: number) => readonly Span[];

/**
 * Ways to part a span, from the gentlest to the harshest: a part that is still too long goes to the next one.
 * Parts are in order, trimmed, and hold everything visible in the span.
 */
export const splitters: readonly Splitter[] = [
  (text, span) => trimmed(text, segmentsOf(text, span, 'sentence')),
  spacedWords,
  unspacedWords,
  graphemes,
  slices,
];

/** How many of the splitters leave words whole. */
export const LEVELS_WITHIN_WORDS = 3;

function trimmed(text: string, spans: Iterable<Span>): Span[] {
  return Array.from(spans, (span) => trimSpan(text, span)).filter((span) => span !== null);
}

/** Words as white space parts them, with their punctuation. */
function spacedWords(text: string, span: Span): Span[] {
  return Array.from(text.slice(span.start, span.end).matchAll(/\S+/g), (match) => ({
    start: span.start + match.index,
    end: span.start + match.index + match[0].length,
  }));
}

/** Words of scripts that put no space between them; punctuation stays with the word before it. */
function unspacedWords(text: string, span: Span): Span[] {
  const words: Span[] = [];
  for (const { start, end, isWordLike } of segmentsOf(text, span, 'word')) {
    const last = words.at(-1);
    if (isWordLike || last === undefined) words.push({ start, end });
    else words[words.length - 1] = { start: last.start, end };
  }
  return words;
}

function graphemes(text: string, span: Span): Span[] {
  return Array.from(segmentsOf(text, span, 'grapheme'), ({ start, end }) => ({ start, end }));
}

/** The last resort, for one grapheme longer than a chunk: only surrogate pairs stay whole. */
function slices(text: string, span: Span, charsMax: number): Span[] {
  const parts: Span[] = [];
  let { start } = span;
  while (start < span.end) {
    const end =
      start + charsMax >= span.end ? span.end : endBeforePairSplit(text, start + charsMax);
    parts.push({ start, end });
    start = end;
  }
  return parts;
}
