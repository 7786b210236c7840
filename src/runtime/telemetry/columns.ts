/**
 * The columns of a point, in their order: the first text column is `blob1`, the first number `double1`. A STORED
 * CONTRACT: queries name `double2`, never "cost". Append; never reorder; raise VERSION when a meaning changes. What
 * each holds is told in `docs/analytics-engine.md`.
 */
export const VERSION = '2';

export const textColumns = [
  'kind',
  'schema_version',
  'pipeline',
  'pipeline_version',
  'job_id',
  'outcome',
  'failure_class',
  'step',
  'provider',
  'model',
  'returned_model',
  'tags',
  'followed_by',
  'violation_codes',
  'finish_reason',
] as const;

export const numberColumns = [
  'latency_ms',
  'cost_nano_usd',
  'cost_unknown',
  'input_tokens',
  'output_tokens',
  'attempt',
  'queue_wait_ms',
  'first_token_ms',
  'cache_hit',
  'saved_nano_usd',
  'target_index',
  'images',
  'audio_ms',
  'compute_ms',
  'events',
] as const;

export type Texts = { readonly [Name in (typeof textColumns)[number]]?: string | undefined };
export type Numbers = { readonly [Name in (typeof numberColumns)[number]]?: number | undefined };

export type Point = {
  readonly indexes: [string];
  readonly blobs: string[];
  readonly doubles: number[];
};

/** What the platform takes of one point; the local runtime would accept anything. */
const COLUMNS_MAX = 20;
const BLOB_BYTES_MAX = 16 * 1024;
const INDEX_BYTES_MAX = 96;

/** A point of a project, kept inside what the platform takes: what is too long is cut, what is no number is 0. */
export function pointOf(project: string, texts: Texts, numbers: Numbers): Point {
  let room = BLOB_BYTES_MAX;
  const blobs = textColumns.slice(0, COLUMNS_MAX).map((name) => {
    const fits = clip(texts[name] ?? '', room);
    room -= utf8.encode(fits).length;
    return fits;
  });
  const doubles = numberColumns.slice(0, COLUMNS_MAX).map((name) => finite(numbers[name]));
  return { indexes: [clip(project, INDEX_BYTES_MAX)], blobs, doubles };
}

const utf8 = new TextEncoder();

function finite(value = 0): number {
  return Number.isFinite(value) ? value : 0;
}

/** The longest beginning of a text that takes at most `bytesMax` bytes, and does not end inside a character. */
function clip(text: string, bytesMax: number): string {
  const bytes = new Uint8Array(Math.max(0, bytesMax));
  const { read, written } = utf8.encodeInto(text, bytes);
  return read === text.length ? text : decoder.decode(bytes.subarray(0, written));
}

const decoder = new TextDecoder();
