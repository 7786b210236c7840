import { utf8Bytes } from '../../domain/json.ts';

/**
 * The columns of a point, in their order: the first text column is `blob1`, the first number `double1`. A STORED
 * CONTRACT: queries name `double2`, never "cost". Append; never reorder; raise VERSION when a meaning changes. What
 * each holds is told in `docs/analytics-engine.md`.
 */
export const VERSION = '5';

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
  'endpoint',
  'label',
  'categories',
  'queue',
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
  'lag_ms',
  'score',
  'messages',
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
  const told: Texts = { schema_version: VERSION, ...texts };
  const blobs = textColumns.slice(0, COLUMNS_MAX).map((name) => told[name] ?? '');
  const doubles = numberColumns.slice(0, COLUMNS_MAX).map((name) => finite(numbers[name]));
  return { indexes: [clip(project, INDEX_BYTES_MAX)], blobs: withinBytes(blobs), doubles };
}

/** Texts as they are, which is nearly always; else the later ones cut. */
function withinBytes(texts: string[]): string[] {
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  if (characters * BYTES_A_CHARACTER_MAX <= BLOB_BYTES_MAX) return texts;
  let room = BLOB_BYTES_MAX;
  return texts.map((text) => {
    const fits = clip(text, room);
    room -= utf8Bytes(fits);
    return fits;
  });
}

/** In UTF-8, for each unit of a text. */
const BYTES_A_CHARACTER_MAX = 3;

function finite(value = 0): number {
  return Number.isFinite(value) ? value : 0;
}

/** The longest beginning of a text that takes at most `bytesMax` bytes, and does not end inside a character. */
function clip(text: string, bytesMax: number): string {
  if (text.length * BYTES_A_CHARACTER_MAX <= bytesMax) return text;
  const bytes = new Uint8Array(Math.max(0, bytesMax));
  const { read, written } = new TextEncoder().encodeInto(text, bytes);
  return read === text.length ? text : new TextDecoder().decode(bytes.subarray(0, written));
}
