import { z } from 'zod';

/**
 * Where the characters of a text came from. Every offset is a UTF-16 offset, and the runs obey:
 *
 * M1  Runs tile the text: each begins where the one before it ends, the first at 0.
 * M2  A run of equal lengths is a copy, character by character. Any other run is a block: its characters
 *     together stand for its source range, and only for the whole of it. A block that happens to be as long
 *     as its source is written as two runs that share the source, so that it is not taken for a copy.
 * M3  Starts and ends of the source ranges never go down. Ranges may overlap (two parts of one block), and
 *     source text that no run names was deleted.
 * M4  No run is empty on either side: text out of nothing has no source to point at.
 *
 * Stored inside step outputs and given back by pipelines: the tuple's order is a contract.
 */
type SourceRun = readonly [
  outStart: number,
  sourceStart: number,
  outLength: number,
  sourceLength: number,
];
export type SourceMap = readonly SourceRun[];
export type Span = { readonly start: number; readonly end: number };

/** Longest text a step takes, in UTF-16 units; also bounds every offset and the number of runs. */
export const TEXT_CHARS_MAX = 1_000_000;
/** Originals are bounded more loosely than the texts made from them: a map may come from a longer text. */
const SOURCE_OFFSET_MAX = 16_000_000;

const offset = z.int().min(0).max(SOURCE_OFFSET_MAX);
const length = z.int().min(1).max(SOURCE_OFFSET_MAX);
export const sourceMapSchema = z
  .array(
    z.tuple([offset, offset, length, length], {
      error: 'must be [out_start, source_start, out_length, source_length], whole numbers in range',
    }),
  )
  .max(TEXT_CHARS_MAX, 'has more runs than a text may have characters');

export type SourceMapBuilder = {
  /** The next `count` characters are those at `sourceStart`, unchanged or replaced one for one. */
  copy(sourceStart: number, count: number): void;
  /** The next `count` characters stand for the source range as a whole. */
  replace(source: Span, count: number): void;
  finish(): SourceMap;
};

/** Builds a map from left to right; a source range that is never named counts as deleted. */
export function sourceMapBuilder(): SourceMapBuilder {
  const runs: SourceRun[] = [];
  let outLength = 0;

  function push(sourceStart: number, count: number, sourceCount: number): void {
    const last = runs.at(-1);
    if (last !== undefined && count === sourceCount && continues(last, sourceStart)) {
      runs[runs.length - 1] = [last[0], last[1], last[2] + count, last[3] + count];
    } else {
      runs.push([outLength, sourceStart, count, sourceCount]);
    }
    outLength += count;
  }

  return {
    copy(sourceStart, count) {
      if (count > 0) push(sourceStart, count, count);
    },
    replace({ start, end }, count) {
      if (count === 0) return;
      const isAmbiguous = count > 1 && count === end - start;
      if (isAmbiguous) push(start, 1, count);
      push(start, isAmbiguous ? count - 1 : count, end - start);
    },
    finish: () => runs,
  };
}

function continues(run: SourceRun, sourceStart: number): boolean {
  return isCopy(run) && run[1] + run[3] === sourceStart;
}

function isCopy(run: SourceRun): boolean {
  return run[2] === run[3];
}

/** The map of a text that is its own source. */
export function identityMap(textLength: number): SourceMap {
  return textLength === 0 ? [] : [[0, 0, textLength, textLength]];
}

/**
 * The source range of `[start, end)`: the smallest one that holds the source of every character in it. An empty
 * range maps to an empty one, except inside a block, where it maps to the whole block.
 * The range must lie inside the mapped text.
 */
export function locate(map: SourceMap, start: number, end: number): Span {
  if (start === end) return locatePoint(map, start);
  const first = runAt(map, start);
  const last = runAt(map, end - 1);
  if (first === undefined || last === undefined) return { start: 0, end: 0 };
  return {
    start: isCopy(first) ? first[1] + (start - first[0]) : first[1],
    end: isCopy(last) ? last[1] + (end - last[0]) : last[1] + last[3],
  };
}

function locatePoint(map: SourceMap, at: number): Span {
  const before = at === 0 ? null : locate(map, at - 1, at);
  const after = at >= mappedLength(map) ? null : locate(map, at, at + 1);
  const start = after?.start ?? before?.end ?? 0;
  const isInsideBlock = before !== null && before.end > start;
  return isInsideBlock
    ? { start: Math.min(start, before.start), end: before.end }
    : { start, end: start };
}

/** Length of the text that the map describes. */
export function mappedLength(map: SourceMap): number {
  const last = map.at(-1);
  return last === undefined ? 0 : last[0] + last[2];
}

function runAt(map: SourceMap, at: number): SourceRun | undefined {
  return map[runIndexAt(map, at)];
}

/** Index of the run that holds the character at `at`. */
function runIndexAt(map: SourceMap, at: number): number {
  let low = 0;
  let high = map.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((map[middle]?.[0] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * With `outer` leading from C to B and `inner` from B to A: the map from C to A. For every range that is not empty,
 * locating in the composed map is the same as locating in `outer` and then in `inner`.
 */
export function compose(outer: SourceMap, inner: SourceMap): SourceMap {
  const builder = sourceMapBuilder();
  for (const run of outer) {
    const [, middleStart, count, middleCount] = run;
    const middle = { start: middleStart, end: middleStart + middleCount };
    if (isCopy(run)) copyThrough(builder, inner, middle);
    else builder.replace(locate(inner, middle.start, middle.end), count);
  }
  return builder.finish();
}

/** Appends what `inner` says about the range `middle`, run by run. */
function copyThrough(builder: SourceMapBuilder, inner: SourceMap, middle: Span): void {
  let at = middle.start;
  for (let index = runIndexAt(inner, at); at < middle.end; index += 1) {
    const run = inner[index];
    if (run === undefined) return;
    const [runStart, sourceStart, runLength, sourceLength] = run;
    const count = Math.min(runStart + runLength, middle.end) - at;
    if (isCopy(run)) builder.copy(sourceStart + (at - runStart), count);
    else builder.replace({ start: sourceStart, end: sourceStart + sourceLength }, count);
    at += count;
  }
}

/** What is wrong with a map that came from outside, given the length of its text; `null` if nothing is. */
export function sourceMapProblem(map: SourceMap, textLength: number): string | null {
  let outEnd = 0;
  let source: Span = { start: 0, end: 0 };
  for (const [index, [outStart, sourceStart, outCount, sourceCount]] of map.entries()) {
    const sourceEnd = sourceStart + sourceCount;
    if (outStart !== outEnd) {
      return `run ${index} begins at ${outStart}, but the runs before it end at ${outEnd}`;
    }
    if (sourceStart < source.start || sourceEnd < source.end) {
      return `run ${index} goes back in the source: ${sourceStart} to ${sourceEnd} after ${source.start} to ${source.end}`;
    }
    outEnd += outCount;
    source = { start: sourceStart, end: sourceEnd };
  }
  if (outEnd !== textLength) {
    return `it describes ${outEnd} characters, but the text has ${textLength}`;
  }
  return null;
}
