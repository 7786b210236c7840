/** The neutral result of a reply, read by the places that the settings name. Null: it is not there. */
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type {
  ChatResult,
  ClassifyCall,
  ClassifyResult,
  EmbedCall,
  EmbedResult,
  ImageResult,
  ModerateResult,
  RerankCall,
  RerankResult,
  SummarizeResult,
  TranscribeResult,
} from '../../domain/model/model-call.ts';
import type { ProducedMedia } from '../../domain/model/media.ts';
import type { WireReply } from '../port.ts';
import { numberAt, numbersOf, textAt, timesAt } from '../shared/json-fields.ts';
import { producedFrom } from '../shared/produced-media.ts';
import { itemsAt, maybeAt, valueAt, type JsonPath } from './path.ts';
import type { ResultMapping } from './settings/results.ts';

/** The model, or the service, would not answer. */
export type Refused = { readonly kind: 'refused'; readonly words: string };

export function readChat(mapping: ResultMapping<'chat'>, body: Json): ChatResult | Refused | null {
  const refusal = maybeAt(body, mapping.refusal);
  if (typeof refusal === 'string' && refusal !== '') return { kind: 'refused', words: refusal };
  const text = valueAt(body, mapping.text);
  const finishReason = reasonOf(mapping, maybeAt(body, mapping.finish_reason));
  const isFiltered = finishReason === 'content_filter';
  if (typeof text !== 'string' && !isFiltered) return null;
  return { kind: 'chat', text: typeof text === 'string' ? text : '', finishReason };
}

function reasonOf(
  { finish_reason: path, finish_reasons: words }: ResultMapping<'chat'>,
  said: Json | undefined,
): ChatResult['finishReason'] {
  if (path === undefined) return 'stop';
  if (typeof said !== 'string') return 'other';
  if (Object.hasOwn(words, said)) return words[said] ?? 'other';
  return said === 'stop' || said === 'length' || said === 'content_filter' ? said : 'other';
}

export function readVectors(
  { vectors: list, index }: ResultMapping<'embed'>,
  body: Json,
  { texts }: EmbedCall,
): EmbedResult | null {
  const places = index === undefined ? null : itemsAt(body, index);
  const byIndex = new Map<Json | undefined, readonly number[]>();
  for (const [place, item] of itemsAt(body, list).entries()) {
    const vector = numbersOf(item);
    if (vector?.every((number) => Number.isFinite(number)) !== true) return null;
    byIndex.set(places === null ? place : places[place], vector);
  }
  const vectors = texts.map((_text, place) => byIndex.get(place) ?? []);
  const isWhole = byIndex.size === texts.length && vectors.every((vector) => vector.length > 0);
  return isWhole ? { kind: 'embed', vectors } : null;
}

export function readRanking(
  mapping: ResultMapping<'rerank'>,
  body: Json,
  { documents, topN }: RerankCall,
): RerankResult | null {
  const scores = new Map<number, number>();
  for (const row of rowsAt(body, mapping)) {
    const index = numberAt(row, 'index');
    const score = numberAt(row, 'score');
    if (index === null || score === null || !(index in documents) || scores.has(index)) continue;
    scores.set(index, score);
  }
  const results = [...scores].map(([index, score]) => ({ index, score }));
  return results.length === 0 ? null : { kind: 'rerank', results: best(results, topN) };
}

/** A reply may say the one best label, or all of them. */
export function readLabels(
  mapping: ResultMapping<'classify'>,
  body: Json,
  { topN }: ClassifyCall,
): ClassifyResult | null {
  const single = { label: valueAt(body, mapping.label), score: valueAt(body, mapping.score) };
  const rows = typeof single.label === 'string' ? [defined(single)] : rowsAt(body, mapping);
  const labels = rows.flatMap((row) => {
    const label = textAt(row, 'label');
    const score = numberAt(row, 'score');
    return label === null || score === null ? [] : [{ label, score: unit(score) }];
  });
  return labels.length === 0 ? null : { kind: 'classify', labels: best(labels, topN) };
}

export function readSummary(
  mapping: ResultMapping<'summarize'>,
  body: Json,
): SummarizeResult | null {
  const summary = valueAt(body, mapping.summary);
  return typeof summary === 'string' ? { kind: 'summarize', summary, sentences: [] } : null;
}

/** A reply that is an image has it as its whole body. */
export function readImages(
  mapping: ResultMapping<'image'>,
  { body, headers }: WireReply,
): ImageResult | null {
  const rows = lookAt(body, mapping);
  const type = headers['content-type']?.split(';')[0]?.trim() ?? '';
  const whole = type.startsWith('image/') ? type : null;
  const images = rows.flatMap((row) => {
    const media = mediaOf(row, textAt(row, 'mime_type') ?? whole);
    const revised = textAt(row, 'revised_prompt');
    if (media === null) return [];
    return [revised === null ? { media } : { media, revisedPrompt: revised }];
  });
  return images.length === 0 ? null : { kind: 'image', images };
}

function mediaOf(row: JsonObject, mimeType: string | null): ProducedMedia | null {
  const url = textAt(row, 'url');
  const data = textAt(row, 'base64');
  if (url !== null) return producedFrom(url, mimeType);
  if (data === null) return null;
  if (data.startsWith('data:')) return producedFrom(data, mimeType);
  return { source: { kind: 'base64', data }, mimeType };
}

export function readTranscript(
  mapping: ResultMapping<'transcribe'>,
  body: Json,
): TranscribeResult | null {
  const text = valueAt(body, mapping.text);
  if (typeof text !== 'string') return null;
  const language = maybeAt(body, mapping.language);
  const seconds = maybeAt(body, mapping.duration_seconds);
  return {
    kind: 'transcribe',
    text,
    language: typeof language === 'string' && language !== '' ? language : null,
    durationSeconds: typeof seconds === 'number' && seconds >= 0 ? seconds : null,
    segments: mapping.segments === undefined ? [] : segmentsOf(rowsAt(body, mapping.segments)),
    words: mapping.words === undefined ? [] : wordsOf(rowsAt(body, mapping.words)),
  };
}

function segmentsOf(rows: readonly JsonObject[]): TranscribeResult['segments'] {
  return rows.flatMap((row) => {
    const times = timesAt(row);
    const text = row['text'];
    return typeof text !== 'string' || times === null ? [] : [{ text, ...times, ...speaker(row) }];
  });
}

function wordsOf(rows: readonly JsonObject[]): TranscribeResult['words'] {
  return rows.flatMap((row) => {
    const times = timesAt(row);
    const word = textAt(row, 'word');
    const confidence = numberAt(row, 'confidence');
    if (word === null || times === null) return [];
    return [{ word, ...times, ...(confidence === null ? {} : { confidence }), ...speaker(row) }];
  });
}

/** Many services number their speakers. */
function speaker({ speaker: said }: JsonObject): { readonly speaker?: string } {
  return typeof said === 'string' || typeof said === 'number' ? { speaker: String(said) } : {};
}

export function readModeration(
  mapping: ResultMapping<'moderate'>,
  body: Json,
): ModerateResult | null {
  const flagged = valueAt(body, mapping.flagged);
  if (typeof flagged !== 'boolean') return null;
  const rows = mapping.categories === undefined ? [] : rowsAt(body, mapping.categories);
  const categories = rows.flatMap((row) => {
    const category = textAt(row, 'category');
    const score = numberAt(row, 'score');
    if (category === null) return [];
    return [
      { category, flagged: row['flagged'] === true, score: score === null ? null : unit(score) },
    ];
  });
  return { kind: 'moderate', flagged, categories };
}

type Columns = Readonly<Record<string, JsonPath | undefined>>;

/** Lists that stand side by side, as rows: what a row has not, it lacks. */
function rowsAt(body: Json, columns: Columns): readonly JsonObject[] {
  const lists = Object.entries(columns).flatMap(([name, path]) =>
    path === undefined ? [] : [{ name, items: itemsAt(body, path) }],
  );
  const length = Math.max(0, ...lists.map(({ items }) => items.length));
  return Array.from({ length }, (_, place) =>
    defined(Object.fromEntries(lists.map(({ name, items }) => [name, items[place]]))),
  );
}

/** Rows, or the one row of a reply whose places lead to single values. */
function lookAt(body: Json, columns: Columns): readonly JsonObject[] {
  const rows = rowsAt(body, columns);
  if (rows.length > 0) return rows;
  const values = Object.entries(columns).map(([name, path]) => [name, maybeAt(body, path)]);
  return [defined(Object.fromEntries(values))];
}

function defined(row: Readonly<Record<string, Json | undefined>>): JsonObject {
  const entries = Object.entries(row).flatMap(([name, value]): [string, Json][] =>
    value === undefined ? [] : [[name, value]],
  );
  const object = Object.fromEntries(entries);
  return isJsonObject(object) ? object : {};
}

function best<Item extends { readonly score: number }>(
  items: readonly Item[],
  topN: number,
): readonly Item[] {
  return items.toSorted((left, right) => right.score - left.score).slice(0, topN);
}

function unit(score: number): number {
  return Math.min(1, Math.max(0, score));
}
