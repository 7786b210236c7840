/**
 * Sentences of a text with exact offsets. Rules rather than a locale's dictionary: a stop ends a sentence unless
 * it belongs to an abbreviation, an initial, a number or an ellipsis; ideographic stops always do. Headings, list
 * items, table rows and log lines are units of their own. A run without any stop is cut at a natural place.
 */
import {
  LIKELY_STARTERS,
  MONTH_START,
  NEVER_FINAL,
  SOMETIMES_FINAL,
  TITLES,
} from './abbreviations.ts';
import { findBlocks, type Block, type BlockKind } from './blocks.ts';

export type Sentence = {
  /** UTF-16 offsets: `text.slice(start, end)` is the sentence without outer white space. */
  readonly start: number;
  readonly end: number;
  readonly kind: BlockKind;
  /** Index of the block the sentence stands in; the first sentence of a block has `inBlock` 0. */
  readonly block: number;
  readonly inBlock: number;
};

type Span = { readonly start: number; readonly end: number };

/** A longer run is cut, so that one "sentence" can never be the whole text. In UTF-16 units. */
const SENTENCE_LENGTH_MAX = 600;
/** Do not cut earlier than this when looking for a comma or a space to cut at. */
const CUT_LENGTH_MIN = 200;

const STOP = /(?<mark>[.!?…؟।۔]+|[。！？｡]+)(?<closers>["'”’»)\]*_`」』）]*)/gu;
const IDEOGRAPHIC = /[。！？｡]/u;
const WORD_BEFORE = /[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}.]*$/u;
const WORD_AFTER = /^[\p{L}\p{M}]+/u;
/** `J` of `J. Smith`, `U.N` of `U.N. Plaza`; not the pronoun. */
const INITIAL = /^(?:\p{Lu}\.)*(?!I$)\p{Lu}$/u;
const LOWER = /^\p{Ll}/u;
/** How far a look at the text around a stop goes; longer words than that are no abbreviations. */
const CONTEXT_LENGTH = 40;

/** All sentences in text order, never overlapping, never empty. Linear in the length of the text. */
export function findSentences(text: string): Sentence[] {
  const sentences: Sentence[] = [];
  for (const [index, block] of findBlocks(text).entries()) {
    for (const [inBlock, span] of spansOf(text, block).entries()) {
      sentences.push({ ...span, kind: block.kind, block: index, inBlock });
    }
  }
  return sentences;
}

function spansOf(text: string, block: Block): Span[] {
  const isProse = block.kind === 'prose' || block.kind === 'item';
  const ends = isProse ? stopsOf(text, block) : [];
  const spans: Span[] = [];
  let start = block.start;
  for (const end of [...ends, block.end]) {
    const span = trimmed(text, start, end);
    if (span !== null) spans.push(...cutToLength(text, span));
    start = end;
  }
  return spans;
}

/** Offsets just behind each stop that ends a sentence inside the block. */
function stopsOf(text: string, block: Block): number[] {
  const content = text.slice(block.start, block.end);
  const ends: number[] = [];
  for (const match of content.matchAll(STOP)) {
    const mark = match.groups?.['mark'] ?? '';
    const after = match.index + match[0].length;
    if (endsSentence(content, mark, match.index, after)) ends.push(block.start + after);
  }
  return ends;
}

function endsSentence(content: string, mark: string, at: number, after: number): boolean {
  if (IDEOGRAPHIC.test(mark)) return true;
  const rest = content.slice(after, after + CONTEXT_LENGTH);
  if (rest === '' || !/^\s/u.test(rest)) return false;
  const next = rest.trimStart().replace(/^["'“‘«([*_`¿¡„]+/u, '');
  if (LOWER.test(next)) return false;
  if (mark !== '.') return true;
  return !isInnerStop(content, at, next);
}

/** True for the stop of an abbreviation, an initial or an ordinal: the sentence goes on behind it. */
function isInnerStop(content: string, at: number, next: string): boolean {
  const before = content.slice(Math.max(0, at - CONTEXT_LENGTH), at);
  const word = WORD_BEFORE.exec(before)?.[0] ?? '';
  const lower = word.toLowerCase();
  if (/^\p{N}{1,2}$/u.test(word)) return before.trim() === word || MONTH_START.test(next);
  if (NEVER_FINAL.has(lower) || (TITLES.has(lower) && isTitle(word, next))) return true;
  if (startsAnew(next)) return false;
  return SOMETIMES_FINAL.has(lower) ? isAttached(lower, next) : INITIAL.test(word);
}

/** `Fig. 3`, `vol. 2` and `Dr. Grey`, but not `modern art. Then`. */
function isTitle(word: string, next: string): boolean {
  return /^\p{Lu}/u.test(word) || /^\p{N}/u.test(next);
}

function startsAnew(next: string): boolean {
  return LIKELY_STARTERS.has(WORD_AFTER.exec(next)?.[0].toLowerCase() ?? '');
}

/** After `No.`, `Jan.` or `max.` a number follows in the same sentence; after `Inc.` or `p.m.` a capital is new. */
function isAttached(abbreviation: string, next: string): boolean {
  if (/^\p{N}/u.test(next)) return !/^(?:etc|usw|a\.m|p\.m|inc|ltd|corp)$/.test(abbreviation);
  return /^(?:al|ave|blvd|co|dept|jr|sr|tel|u\.[kns])$/.test(abbreviation);
}

function trimmed(text: string, start: number, end: number): Span | null {
  const raw = text.slice(start, end);
  const content = raw.trim();
  if (content === '') return null;
  const from = start + (raw.length - raw.trimStart().length);
  return { start: from, end: from + content.length };
}

function cutToLength(text: string, span: Span): Span[] {
  const pieces: Span[] = [];
  let rest: Span | null = span;
  while (rest !== null && rest.end - rest.start > SENTENCE_LENGTH_MAX) {
    const cut: number = cutAt(text, rest.start);
    const piece = trimmed(text, rest.start, cut);
    if (piece !== null) pieces.push(piece);
    rest = trimmed(text, cut, rest.end);
  }
  if (rest !== null) pieces.push(rest);
  return pieces;
}

/** Behind the last semicolon, else comma, else space of the allowed stretch; else at its end. */
function cutAt(text: string, start: number): number {
  const limit = start + SENTENCE_LENGTH_MAX;
  for (const separator of [/[;；]/u, /[,，、]/u, /\s/u]) {
    for (let at = limit - 1; at >= start + CUT_LENGTH_MIN; at -= 1) {
      if (separator.test(text.charAt(at))) return at + 1;
    }
  }
  const isInsidePair = /[\uD800-\uDBFF]/.test(text.charAt(limit - 1));
  return limit - (isInsidePair ? 1 : 0);
}
