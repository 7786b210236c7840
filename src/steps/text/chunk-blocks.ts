import type { Span } from './source-map.ts';

/** A paragraph, or a markdown heading with its title. Begins and ends with a visible character. */
export type Block = Span &
  ({ readonly kind: 'paragraph' } | { readonly kind: 'heading'; readonly title: string });

/** Longest title put out with every chunk below it, in UTF-16 units. */
const TITLE_CHARS_MAX = 200;

const HEADING = /^ {0,3}#{1,6}[ \t]+(?=\S)/;
const FENCE = /^ {0,3}(?:```|~~~)/;

/** The text's paragraphs and headings, in order. What lies between them is white space. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let isInParagraph = false;
  let isInFence = false;
  for (const line of linesOf(text)) {
    const content = text.slice(line.start, line.end);
    const visible = trimSpan(text, line);
    if (FENCE.test(content)) isInFence = !isInFence;
    if (visible === null) {
      isInParagraph = false;
    } else if (!isInFence && HEADING.test(content)) {
      isInParagraph = false;
      const title = titleOf(text.slice(visible.start, visible.end));
      blocks.push({ kind: 'heading', ...visible, title });
    } else {
      const start = isInParagraph ? blocks.pop()?.start : undefined;
      blocks.push({ kind: 'paragraph', start: start ?? visible.start, end: visible.end });
      isInParagraph = true;
    }
  }
  return blocks;
}

function* linesOf(text: string): Generator<Span, void, undefined> {
  let start = 0;
  while (start <= text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    yield { start, end };
    start = end + 1;
  }
}

/** A heading line without its marks. */
function titleOf(line: string): string {
  const title = line
    .replace(/^#+[ \t]+/, '')
    .replace(/[ \t]#+$/, '')
    .trim();
  if (title.length <= TITLE_CHARS_MAX) return title;
  return title.slice(0, endBeforePairSplit(title, TITLE_CHARS_MAX)).trimEnd();
}

/** `at`, or one less if cutting there would part a surrogate pair. */
export function endBeforePairSplit(text: string, at: number): number {
  const isSplit = /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(text.slice(at - 1, at + 1));
  return isSplit ? at - 1 : at;
}

const SPACE = /\s/;

/** The span without white space at either end; `null` if there is nothing else in it. */
export function trimSpan(text: string, span: Span): Span | null {
  let { start, end } = span;
  while (start < end && SPACE.test(text.charAt(start))) start += 1;
  while (end > start && SPACE.test(text.charAt(end - 1))) end -= 1;
  return start === end ? null : { start, end };
}
