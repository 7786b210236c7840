import { type Block, trimSpan } from './chunk-blocks.ts';
import { LEVELS_WITHIN_WORDS, splitters } from './chunk-split.ts';
import { segmentsOf } from './segments.ts';
import type { Span } from './source-map.ts';

export type PackedChunk = Span & { readonly heading: string | null };

export type PackOptions = {
  readonly charsMax: number;
  readonly overlapChars: number;
  /** What is kept whole where it fits: a paragraph, or only a sentence. */
  readonly unit: 'paragraph' | 'sentence';
};

/** Packs blocks into chunks of at most `charsMax`, in order. */
export function packBlocks(
  text: string,
  blocks: readonly Block[],
  options: PackOptions,
): readonly PackedChunk[] {
  const packer = new Packer(text, options);
  for (const block of blocks) {
    if (block.kind === 'heading') packer.addHeading(block, block.title);
    else packer.addParagraph(block);
  }
  return packer.finish();
}

class Packer {
  readonly #text: string;
  readonly #options: PackOptions;
  readonly #chunks: PackedChunk[] = [];
  #heading: string | null = null;
  /** The chunk that is being filled. */
  #open: Span | null = null;
  /** The open chunk has a heading and nothing of what the heading is about. */
  #isAwaitingBody = false;
  /** The chunk that the next one may overlap: the one before it under the same heading. */
  #previous: Span | null = null;

  constructor(text: string, options: PackOptions) {
    this.#text = text;
    this.#options = options;
  }

  /** A heading begins a chunk, unless it is right below another one and the two fit. */
  addHeading(span: Span, title: string): void {
    if (!this.#isAwaitingBody || !this.#isFitting(span)) this.#close();
    this.#heading = title;
    this.#previous = null;
    this.#isAwaitingBody = false;
    this.#add(span, 0);
    this.#isAwaitingBody = true;
  }

  addParagraph(span: Span): void {
    if (this.#options.unit === 'paragraph') this.#add(span, 0);
    else this.#addParts(span, 0);
  }

  finish(): readonly PackedChunk[] {
    this.#close();
    return this.#chunks;
  }

  /**
   * Adds a part to the open chunk if it fits, else opens the next one with it. A part that fits no chunk is split and
   * fills the open one; so is a part after a heading, down to its words, so that the heading is not left alone.
   */
  #add(part: Span, level: number): void {
    if (this.#isFitting(part)) {
      this.#open = { start: this.#open?.start ?? this.#startOfNext(part), end: part.end };
      this.#isAwaitingBody = false;
      return;
    }
    const isTooLong = part.end - part.start > this.#options.charsMax;
    if (isTooLong || (this.#isAwaitingBody && level < LEVELS_WITHIN_WORDS)) {
      this.#addParts(part, level);
      return;
    }
    this.#close();
    this.#add(part, level);
  }

  #addParts(part: Span, level: number): void {
    const parts = splitters[level]?.(this.#text, part, this.#options.charsMax) ?? [];
    for (const smaller of parts) this.#add(smaller, level + 1);
  }

  #isFitting(part: Span): boolean {
    return part.end - (this.#open?.start ?? part.start) <= this.#options.charsMax;
  }

  #close(): void {
    const span = this.#open === null ? null : trimSpan(this.#text, this.#open);
    if (span !== null) this.#chunks.push({ ...span, heading: this.#heading });
    this.#previous = span;
    this.#open = null;
    this.#isAwaitingBody = false;
  }

  /** Where a chunk that opens with `part` starts: before it, by as much overlap as leaves room for the part. */
  #startOfNext(part: Span): number {
    const { charsMax, overlapChars } = this.#options;
    const previous = this.#previous;
    if (previous === null || overlapChars === 0) return part.start;
    const earliest = Math.max(previous.end - overlapChars, part.end - charsMax, previous.start + 1);
    return wordStartIn(this.#text, previous, earliest) ?? part.start;
  }
}

/** The first word of `span` that begins at `earliest` or later; any character, in a text without spaces. */
function wordStartIn(text: string, span: Span, earliest: number): number | null {
  if (earliest >= span.end) return null;
  const gap = text.slice(earliest - 1, span.end).search(/\s\S/);
  if (gap !== -1) return earliest + gap;
  for (const { start } of segmentsOf(text, span, 'grapheme')) {
    if (start >= earliest) return start;
  }
  return null;
}
