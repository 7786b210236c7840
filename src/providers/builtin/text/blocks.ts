/**
 * The blocks of a plain or lightly marked-up text: paragraphs, list items, headings, table rows, code and log
 * lines. Recognises the Markdown that people use in plain text; not a Markdown parser (no nesting, no HTML).
 */

/** `field` is a short `Name: value` line; `row` is a row of a table; `code` is code or a line of a log. */
export type BlockKind = 'prose' | 'item' | 'heading' | 'field' | 'row' | 'code';

/** UTF-16 offsets of the block's content, without its marker (`- `, `## `, `> `) and outer white space. */
export type Block = { readonly kind: BlockKind; readonly start: number; readonly end: number };

type LineKind = BlockKind | 'blank' | 'rule' | 'fence';
type Line = {
  readonly kind: LineKind;
  readonly start: number;
  readonly end: number;
  readonly text: string;
};

const LINE = /[^\r\n\u2028\u2029]+|\r\n|[\r\n\u2028\u2029]/g;
const FENCE = /^\s*(?:```|~~~)/;
const RULE = /^\s*(?:[-=*_~#|:+]\s*){3,}$/;
const HEADING = /^\s{0,3}#{1,6}\s+/;
const ROW = /^\s*\|.*\|\s*$/;
const LOG = /^\s*\[?\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/;
const QUOTE = /^\s*(?:>\s?)+/;
const ITEM = /^\s*(?:[-*+•‣▪◦–]|\(?\d{1,3}[.)]|\(?[a-z]\))\s+/;
const FIELD = /^\s*\p{Lu}[\p{L} ]{0,30}:\s/u;
const SENTENCE_END = /[.!?…:;。！？]["'”’)\]]*\s*$/u;
/** A line this short did not reach the margin, so its end was meant; ideographs are about twice as wide. */
const WRAPPED_LINE_MIN = 50;
const WRAPPED_IDEOGRAPHS_MIN = 15;
/** A marked line longer than this is text that happens to begin with a mark. */
const HEADING_MAX = 250;
/** Titles and fields are shorter than this; a longer line is text even without a final stop. */
const BARE_LINE_MAX = 100;

/** All blocks in text order. Linear in the length of the text. */
export function findBlocks(text: string): Block[] {
  const lines = readLines(text);
  const blocks: Block[] = [];
  for (const [index, line] of lines.entries()) {
    const previous = lines[index - 1];
    const last = blocks.at(-1);
    if (line.kind === 'blank' || line.kind === 'rule' || line.kind === 'fence') continue;
    if (line.kind === 'prose' && last !== undefined && continues(previous, line)) {
      blocks[blocks.length - 1] = { ...last, end: line.end };
      continue;
    }
    const kind = kindAlone(previous, line, line.kind, lines[index + 1]);
    blocks.push({ kind, start: line.start, end: line.end });
  }
  return blocks;
}

function readLines(text: string): Line[] {
  const lines: Line[] = [];
  let inCode = false;
  let afterContent = false;
  for (const match of text.matchAll(LINE)) {
    if (/^[\r\n\u2028\u2029]/.test(match[0])) {
      if (!afterContent)
        lines.push({ kind: 'blank', start: match.index, end: match.index, text: '' });
      afterContent = false;
      continue;
    }
    const line = readLine(match[0], match.index, inCode);
    if (line.kind === 'fence') inCode = !inCode;
    lines.push(line);
    afterContent = true;
  }
  return lines;
}

function readLine(raw: string, offset: number, inCode: boolean): Line {
  const kind = lineKind(raw, inCode);
  const marker = kind === 'code' ? null : markerOf(raw, kind).exec(raw);
  const skipped = marker?.[0].length ?? 0;
  const content = raw.slice(skipped);
  const text = content.trim();
  const start = offset + skipped + (content.length - content.trimStart().length);
  const isEmpty = text === '' && kind !== 'fence';
  return { kind: isEmpty ? 'blank' : kind, start, end: start + text.length, text };
}

function lineKind(raw: string, inCode: boolean): LineKind {
  if (FENCE.test(raw)) return 'fence';
  if (inCode || LOG.test(raw)) return 'code';
  if (RULE.test(raw)) return 'rule';
  if (HEADING.test(raw) && raw.length <= HEADING_MAX) return 'heading';
  if (ROW.test(raw)) return 'row';
  return ITEM.test(raw) ? 'item' : 'prose';
}

function markerOf(raw: string, kind: LineKind): RegExp {
  if (kind === 'heading') return HEADING;
  if (kind === 'item') return ITEM;
  return QUOTE.test(raw) ? QUOTE : /^/;
}

/** True when `line` is the next line of the paragraph or item that `previous` belongs to. */
function continues(previous: Line | undefined, line: Line): boolean {
  if (previous === undefined) return false;
  if (previous.kind !== 'prose' && previous.kind !== 'item') return false;
  if (/^[\p{Ll}(]/u.test(line.text)) return true;
  if (FIELD.test(line.text)) return false;
  return isWrapped(previous.text);
}

function isWrapped(line: string): boolean {
  if (line.length >= WRAPPED_LINE_MIN) return true;
  return line.length >= WRAPPED_IDEOGRAPHS_MIN && /[\p{Script=Han}\p{Script=Hiragana}]/u.test(line);
}

/** What a line that begins a block is, seen with its neighbours. */
function kindAlone(
  previous: Line | undefined,
  line: Line,
  kind: BlockKind,
  next: Line | undefined,
): BlockKind {
  if (kind !== 'prose' || line.text.length > BARE_LINE_MAX || SENTENCE_END.test(line.text)) {
    return kind;
  }
  if (FIELD.test(line.text)) return 'field';
  return isBareHeading(previous, next) ? 'heading' : kind;
}

/** A short line on its own without a final stop, before a blank line or an underline: a title without marks. */
function isBareHeading(previous: Line | undefined, next: Line | undefined): boolean {
  if (previous !== undefined && previous.kind !== 'blank') return false;
  return next !== undefined && (next.kind === 'blank' || next.kind === 'rule');
}
