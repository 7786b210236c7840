/** A passage as the ranking sees it. */
import { addCount, tokenize } from './text/tokens.ts';

export type Passage = {
  readonly stems: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
  /** For each word of `stems`: does something of the shape that the query asks for begin there? */
  readonly shaped: readonly boolean[];
  /** False when the query asks for nothing special, and `shaped` says nothing. */
  readonly hasShape: boolean;
};

/** `shape` is a global pattern (see `answerShape`) or null. */
export function readPassage(
  text: string,
  stem: (word: string) => string,
  shape: RegExp | null,
): Passage {
  const tokens = tokenize(text);
  const stems = tokens.map((token) => stem(token.text));
  const counts = new Map<string, number>();
  for (const word of stems) addCount(counts, word, 1);
  const starts = shape === null ? [] : Array.from(text.matchAll(shape), (match) => match.index);
  const shaped: boolean[] = [];
  let next = 0;
  for (const [index, { start }] of tokens.entries()) {
    const end = tokens[index + 1]?.start ?? text.length;
    while ((starts[next] ?? Infinity) < start) next += 1;
    shaped.push((starts[next] ?? Infinity) < end);
  }
  return { stems, counts, shaped, hasShape: shape !== null };
}
