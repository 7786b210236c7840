import type { Span } from './source-map.ts';

export type Granularity = 'sentence' | 'word' | 'grapheme';

/** One locale for every text: the same text must part in the same places whoever sends it. */
const LOCALE = 'en';
const segmenters: Readonly<Record<Granularity, Intl.Segmenter>> = {
  sentence: new Intl.Segmenter(LOCALE, { granularity: 'sentence' }),
  word: new Intl.Segmenter(LOCALE, { granularity: 'word' }),
  grapheme: new Intl.Segmenter(LOCALE, { granularity: 'grapheme' }),
};

/**
 * Each step of V8's segment iterator costs time in proportion to the whole string that is being segmented, so a long
 * text is segmented through a window. A segment that reaches the window's end may go on beyond it: it is taken
 * up again at the head of the next window, and a segment longer than a window gets a longer window.
 */
const WINDOW_CHARS = 2_000;
const WINDOW_GROWTH = 4;

export type Segment = Span & { readonly isWordLike: boolean };

/** The segments of `text` inside `range`, in order; they tile the range. */
export function* segmentsOf(
  text: string,
  range: Span,
  granularity: Granularity,
): Generator<Segment, void, undefined> {
  let { start } = range;
  let windowChars = WINDOW_CHARS;
  while (start < range.end) {
    const windowEnd = Math.min(start + windowChars, range.end);
    const found = segmentsOfWindow(text, { start, end: windowEnd }, granularity);
    if (windowEnd < range.end) found.pop();
    yield* found;
    const reached = found.at(-1)?.end ?? start;
    windowChars = reached === start ? windowChars * WINDOW_GROWTH : WINDOW_CHARS;
    start = reached;
  }
}

function segmentsOfWindow(text: string, window: Span, granularity: Granularity): Segment[] {
  const slice = text.slice(window.start, window.end);
  return Array.from(segmenters[granularity].segment(slice), ({ index, segment, isWordLike }) => ({
    start: window.start + index,
    end: window.start + index + segment.length,
    isWordLike: isWordLike === true,
  }));
}
