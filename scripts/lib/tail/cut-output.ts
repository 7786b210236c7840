import { unwrapLine } from './unwrap-line.ts';

/** A piece of a program's output: a JSON object, or a line of something else. */
export type Piece =
  | { readonly kind: 'json'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'text'; readonly line: string };

/**
 * An object that is not whole after this many characters is no object: what has come of it is shown as lines. A line that
 * has not ended after as many is shown as far as it has come, and the rest of it is passed over.
 */
const OBJECT_CHARACTERS_MAX = 2_000_000;

/**
 * Cuts output into objects and lines, however it arrives: an object a line, as the Worker logs; objects over many
 * lines, as `wrangler tail --format json` prints them; and talk of tools between them. An object begins with `{` at the
 * beginning of a line, and ends with the line that makes it whole.
 */
export class OutputCutter {
  /** The line that has not ended. */
  #rest = '';
  /** True while the rest of a line that was too long goes by. */
  #passingOver = false;
  /** The lines of the object that is not whole. */
  #open: string[] = [];
  #openLength = 0;

  push(text: string): Piece[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    const pieces = lines.flatMap((line) => this.#endLine(line));
    if (this.#rest.length <= OBJECT_CHARACTERS_MAX) return pieces;
    const begun = this.#endLine(this.#rest);
    this.#rest = '';
    this.#passingOver = true;
    return [...pieces, ...begun];
  }

  /** What is left when nothing more comes. */
  end(): Piece[] {
    const last = this.#rest === '' ? [] : this.#endLine(this.#rest);
    this.#rest = '';
    return [...last, ...this.#giveUp()];
  }

  #endLine(line: string): Piece[] {
    const wasPassedOver = this.#passingOver;
    this.#passingOver = false;
    // Files that were saved on Windows begin with a mark, and end their lines in two characters.
    const plain = line.replace(/^\uFEFF/, '').replace(/\r$/, '');
    return wasPassedOver ? [] : this.#take(unwrapLine(plain));
  }

  #take(line: string): Piece[] {
    if (line.startsWith('{')) return [...this.#giveUp(), ...this.#begin(line)];
    if (this.#open.length === 0) return line.trim() === '' ? [] : [{ kind: 'text', line }];
    this.#open.push(line);
    this.#openLength += line.length;
    // Only the line that closes the outermost brace can make it whole.
    if (line.startsWith('}')) return this.#close();
    return this.#openLength > OBJECT_CHARACTERS_MAX ? this.#giveUp() : [];
  }

  #begin(line: string): Piece[] {
    this.#open = [line];
    this.#openLength = line.length;
    return line.trimEnd() === '{' ? [] : this.#close();
  }

  #close(): Piece[] {
    const value = objectOf(this.#open.join('\n'));
    if (value === null) return this.#giveUp();
    this.#open = [];
    return [{ kind: 'json', value }];
  }

  #giveUp(): Piece[] {
    const lines = this.#open;
    this.#open = [];
    return lines.map((line) => ({ kind: 'text', line }));
  }
}

export function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
