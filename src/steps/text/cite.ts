import { z } from 'zod';

import type { Violation } from '../../domain/job/failure.ts';
import type { JsonObject } from '../../domain/json.ts';
import { jsonField } from '../json-field.ts';
import type { TransformStep } from '../port.ts';
import { locate, mappedLength, type SourceMap, sourceMapProblem } from './source-map.ts';
import { refuseInput, sourceMapField } from './text-input.ts';

const CHUNKS_MAX = 2_000;
const ITEMS_MAX = 10_000;
/** Enough to see the pattern; a list of thousands helps nobody. */
const VIOLATIONS_MAX = 20;

const offset = z.int().min(0);

/** A chunk as `text.chunk` puts it out. Its place is needed; the rest may be left out. */
const chunkField = z.strictObject({
  index: offset,
  start: offset,
  end: offset,
  source_start: offset.optional(),
  source_end: offset.optional(),
  text: z.string().optional(),
  heading: z.string().nullable().optional(),
});

const input = z.strictObject({
  chunks: z.array(chunkField).max(CHUNKS_MAX, 'must be at most 2,000 chunks'),
  source_map: sourceMapField,
  /** Ranges inside a chunk, or, without `chunk`, in the whole text. Lists of lists are taken as one list. */
  items: z.preprocess(
    flattenOnce,
    z
      .array(z.object({ chunk: offset.optional(), start: offset, end: offset }).catchall(jsonField))
      .max(ITEMS_MAX, 'must be at most 10,000 items'),
  ),
});

/** A map over chunks finds a list of ranges for each; what is cited is all of them. */
function flattenOnce(items: unknown): unknown {
  return Array.isArray(items) ? items.flat(1) : items;
}

type CiteInput = z.output<typeof input>;
type ChunkPlace = CiteInput['chunks'][number];
type CiteItem = CiteInput['items'][number];

export type CiteOutput = {
  /** Each item with all its fields, its range in the chunked text, and its range in the original. */
  readonly citations: readonly JsonObject[];
};

/**
 * Turns ranges inside chunks into ranges of the text that was chunked and of its original. `source_map` is the one
 * that `text.chunk` was given; without it, the chunked text is the original.
 */
export const textCite = {
  version: 1,
  input,
  run(given) {
    const places = new Map(given.chunks.map((chunk) => [chunk.index, chunk]));
    const violations = [
      ...chunkViolations(given.chunks, given.source_map),
      ...given.items.flatMap((item, index) => itemViolations(item, index, given, places)),
    ];
    if (violations.length > 0) return refuse(violations);

    const citations = given.items.map((item) => {
      const chunk = item.chunk === undefined ? undefined : places.get(item.chunk);
      return citationOf(item, chunk?.start ?? 0, given.source_map);
    });
    return { ok: true, value: { citations } };
  },
} satisfies TransformStep<typeof input, CiteOutput>;

function refuse(violations: readonly Violation[]) {
  const [first] = violations;
  const place = first === undefined ? '' : `: ${first.pointer} ${first.message}`;
  const rest = violations.length === 1 ? '' : `, and ${violations.length - 1} more`;
  return refuseInput(
    `the items do not fit the chunks${place}${rest}`,
    violations.slice(0, VIOLATIONS_MAX),
  );
}

function chunkViolations(chunks: readonly ChunkPlace[], map: SourceMap | undefined): Violation[] {
  const mapProblem = map === undefined ? null : sourceMapProblem(map, mappedLength(map));
  if (mapProblem !== null) return [violation('/source_map', 'source_map', mapProblem)];
  const seen = new Set<number>();
  return chunks.flatMap((chunk, position) => {
    const problem = seen.has(chunk.index)
      ? `repeats the index ${chunk.index} of an earlier chunk`
      : chunkProblem(chunk, map);
    seen.add(chunk.index);
    return problem === null ? [] : [violation(`/chunks/${position}`, 'chunk', problem)];
  });
}

function chunkProblem(chunk: ChunkPlace, map: SourceMap | undefined): string | null {
  const { start, end } = chunk;
  if (end <= start) return `ends at ${end}, not after its start ${start}`;
  if (map !== undefined && end > mappedLength(map)) {
    return `ends at ${end}, but the source_map describes ${mappedLength(map)} characters; give the source_map that text.chunk was given`;
  }
  const source = map === undefined ? { start, end } : locate(map, start, end);
  const { source_start: saidStart = source.start, source_end: saidEnd = source.end } = chunk;
  if (saidStart === source.start && saidEnd === source.end) return null;
  return `has the source ${saidStart} to ${saidEnd}, but by the source_map it is ${source.start} to ${source.end}; give the source_map that text.chunk was given`;
}

function itemViolations(
  item: CiteItem,
  index: number,
  { source_map: map }: CiteInput,
  places: ReadonlyMap<number, ChunkPlace>,
): Violation[] {
  const chunk = item.chunk === undefined ? undefined : places.get(item.chunk);
  if (item.chunk !== undefined && chunk === undefined) {
    const message = `is ${item.chunk}, and no chunk has that index`;
    return [violation(`/items/${index}/chunk`, 'unknown_chunk', message)];
  }
  const chars = charsOf(chunk, map);
  if (item.end > chars) {
    const where = chunk === undefined ? 'the text' : `chunk ${chunk.index}`;
    const message = `is ${item.end}, but ${where} has ${chars} characters`;
    return [violation(`/items/${index}/end`, 'out_of_bounds', message)];
  }
  if (item.end <= item.start) {
    const message = `is ${item.end}, not after start, which is ${item.start}`;
    return [violation(`/items/${index}/end`, 'empty_range', message)];
  }
  return [];
}

/** The length of what an item's range lies in; not known for a whole text without a map. */
function charsOf(chunk: ChunkPlace | undefined, map: SourceMap | undefined): number {
  if (chunk !== undefined) return chunk.end - chunk.start;
  return map === undefined ? Number.POSITIVE_INFINITY : mappedLength(map);
}

function violation(pointer: string, code: string, message: string): Violation {
  return { pointer, code, message };
}

function citationOf(item: CiteItem, base: number, map: SourceMap | undefined): JsonObject {
  const { start, end, chunk, ...extra } = item;
  const text = { start: base + start, end: base + end };
  const source = map === undefined ? text : locate(map, text.start, text.end);
  return {
    ...extra,
    ...(chunk === undefined ? {} : { chunk }),
    text_start: text.start,
    text_end: text.end,
    source_start: source.start,
    source_end: source.end,
  };
}
