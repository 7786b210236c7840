import { chunksOf } from './chunks-of.ts';

/** A form as it arrives (RFC 7578), without holding more than a piece of it. */
export type FormPiece =
  | { readonly kind: 'part'; readonly headers: ReadonlyMap<string, string> }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** The form breaks off, or is none; nothing follows. `message` says how. */
  | { readonly kind: 'malformed'; readonly message: string };

/** Headers of one part; browsers send some hundred bytes. */
const HEADER_BYTES_MAX = 16_384;
const CR = 13;

type Step =
  /** Something to give out, and what is left of the buffer. */
  | { readonly kind: 'give'; readonly pieces: readonly FormPiece[]; readonly rest: Uint8Array }
  /** Nothing can be said without more. */
  | { readonly kind: 'more' }
  | { readonly kind: 'malformed'; readonly message: string };

type State = 'preamble' | 'delimiter' | 'headers' | 'body' | 'over';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: false });

/** Reads a form piece by piece; leaving the loop early stops the reading. */
export async function* readForm(
  body: ReadableStream<Uint8Array>,
  boundary: string,
): AsyncGenerator<FormPiece, void, undefined> {
  const parser = new FormParser(boundary);
  for await (const chunk of chunksOf(body)) {
    yield* parser.take(chunk);
    if (parser.isOver) return;
  }
  yield { kind: 'malformed', message: 'the form ends in the middle: its last boundary is missing' };
}

class FormParser {
  readonly #delimiter: Uint8Array;
  #state: State = 'preamble';
  // The first boundary may stand at the very beginning, without the line break that belongs to it.
  #buffer: Uint8Array = encoder.encode('\r\n');

  constructor(boundary: string) {
    this.#delimiter = encoder.encode(`\r\n--${boundary}`);
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  *take(chunk: Uint8Array): Generator<FormPiece> {
    this.#buffer = concat(this.#buffer, chunk);
    while (this.#state !== 'over') {
      const step = this.#step();
      if (step.kind === 'more') return;
      if (step.kind === 'malformed') {
        this.#state = 'over';
        yield step;
        return;
      }
      yield* step.pieces;
      this.#buffer = step.rest;
    }
  }

  #step(): Step {
    switch (this.#state) {
      case 'preamble':
      case 'body':
        return this.#content(this.#state === 'body');
      case 'delimiter':
        return this.#afterDelimiter();
      case 'headers':
        return this.#headers();
      case 'over':
        return { kind: 'more' };
    }
  }

  /** Everything up to the next boundary. What could be the beginning of one is kept back. */
  #content(given: boolean): Step {
    const at = find(this.#buffer, this.#delimiter);
    const end = at === -1 ? Math.max(0, this.#buffer.length - this.#delimiter.length + 1) : at;
    if (at === -1 && end === 0) return { kind: 'more' };
    const bytes = this.#buffer.subarray(0, end);
    const pieces: FormPiece[] = given && bytes.length > 0 ? [{ kind: 'bytes', bytes }] : [];
    if (at === -1) return { kind: 'give', pieces, rest: this.#buffer.slice(end) };
    this.#state = 'delimiter';
    return { kind: 'give', pieces, rest: this.#buffer.subarray(at + this.#delimiter.length) };
  }

  /** A boundary ends the form with `--`, or begins a part with a line break, after blanks that mean nothing. */
  #afterDelimiter(): Step {
    const buffer = this.#buffer;
    let at = 0;
    while (buffer[at] === 32 || buffer[at] === 9) at += 1;
    if (buffer.length < at + 2) return { kind: 'more' };
    const mark = decoder.decode(buffer.subarray(at, at + 2));
    if (mark === '--') {
      this.#state = 'over';
      return { kind: 'give', pieces: [], rest: new Uint8Array() };
    }
    if (mark !== '\r\n') return { kind: 'malformed', message: 'a boundary does not end its line' };
    this.#state = 'headers';
    // The line break stays: it ends the headers at once where there are none.
    return { kind: 'give', pieces: [], rest: buffer.subarray(at) };
  }

  #headers(): Step {
    const end = find(this.#buffer, encoder.encode('\r\n\r\n'));
    if (end > HEADER_BYTES_MAX || (end === -1 && this.#buffer.length > HEADER_BYTES_MAX)) {
      return { kind: 'malformed', message: 'the headers of a part are too long' };
    }
    if (end === -1) return { kind: 'more' };
    this.#state = 'body';
    const lines = decoder.decode(this.#buffer.subarray(0, end)).split('\r\n');
    const headers = new Map(lines.map(headerOf));
    const rest = this.#buffer.slice(end + 4);
    return { kind: 'give', pieces: [{ kind: 'part', headers }], rest };
  }
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, Math.max(0, colon)).trim().toLowerCase(), line.slice(colon + 1).trim()];
}

function concat(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length === 0) return right;
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

/** Where `wanted`, which begins with CR, first stands; -1 if nowhere. */
function find(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = bytes.indexOf(CR); at !== -1; at = bytes.indexOf(CR, at + 1)) {
    if (at + wanted.length > bytes.length) return -1;
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}
