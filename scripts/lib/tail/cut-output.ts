/** A piece of a program's output: a JSON object, or a line of something else. */
export type Piece =
  | { readonly kind: 'json'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'text'; readonly line: string };

/** An object that is not whole after this many characters is no object: what has come of it is shown as lines. */
const OBJECT_CHARACTERS_MAX = 2_000_000;

/**
 * Cuts output into objects and lines, however it arrives: an object a line, as the Worker logs; objects over many
 * lines, as `wrangler tail --format json` prints them; and talk of tools between them. An object begins with `{` at the
 * beginning of a line, and ends with the line that makes it whole.
 */
export class OutputCutter {
  /** The line that has not ended. */
  #rest = '';
  /** The lines of the object that is not whole. */
  #open: string[] = [];
  #openLength = 0;

  push(text: string): Piece[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#take(line.replace(/\r$/, '')));
  }

  /** What is left when nothing more comes. */
  end(): Piece[] {
    const last = this.#rest === '' ? [] : this.#take(this.#rest);
    this.#rest = '';
    return [...last, ...this.#giveUp()];
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
