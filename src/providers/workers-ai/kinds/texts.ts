/** The kinds whose input is a text or two: vectors, ranking, labels, moderation. */
import type { Json, JsonObject } from '../../../domain/json.ts';
import type {
  ClassifyCall,
  EmbedCall,
  ModerateCall,
  RerankCall,
} from '../../../domain/model/model-call.ts';
import type { CallOutcome } from '../../port.ts';
import {
  isList,
  numberAt,
  numbersOf,
  objectOf,
  objectsAt,
  textAt,
} from '../../shared/json-fields.ts';
import { readDone, readNothing, type ReplyReading } from '../../shared/reading.ts';

export function embedInput({ texts, options = {} }: EmbedCall): JsonObject {
  return { ...options, text: texts };
}

export function readEmbeddings(reading: ReplyReading, { texts }: EmbedCall): CallOutcome {
  const { data } = reading.body;
  const vectors = (isList(data) ? data : []).flatMap((item) => {
    const vector = numbersOf(item);
    return vector === null || vector.length === 0 ? [] : [vector];
  });
  return vectors.length === texts.length
    ? readDone(reading, { kind: 'embed', vectors })
    : readNothing(reading);
}

export function rerankInput({ query, documents, topN, options = {} }: RerankCall): JsonObject {
  return { ...options, query, contexts: documents.map((text) => ({ text })), top_k: topN };
}

/** `id` is the place of the context in the call. */
export function readRanking(reading: ReplyReading, { documents, topN }: RerankCall): CallOutcome {
  if (!isList(reading.body['response'])) return readNothing(reading);
  const results = objectsAt(reading.body, 'response').flatMap((item) => {
    const index = numberAt(item, 'id');
    const score = numberAt(item, 'score');
    const isKnown = index !== null && Number.isInteger(index) && index in documents;
    return isKnown && score !== null ? [{ index, score }] : [];
  });
  const best = results.toSorted((left, right) => right.score - left.score).slice(0, topN);
  return best.length === 0 && documents.length > 0
    ? readNothing(reading)
    : readDone(reading, { kind: 'rerank', results: best });
}

export function labelInput({ text, options = {} }: ClassifyCall): JsonObject {
  return { ...options, text };
}

/** The labels are the model's own. */
export function readLabels(
  reading: ReplyReading,
  result: Json,
  { topN }: ClassifyCall,
): CallOutcome {
  const labels = (isList(result) ? result : []).flatMap((item) => {
    const fields = objectOf(item) ?? {};
    const label = textAt(fields, 'label');
    const score = numberAt(fields, 'score');
    return label === null || score === null || score < 0 || score > 1 ? [] : [{ label, score }];
  });
  if (labels.length === 0) return readNothing(reading);
  const best = labels.toSorted((left, right) => right.score - left.score).slice(0, topN);
  return readDone(reading, { kind: 'classify', labels: best });
}

/** Llama Guard is asked like a chat; what it judges is the user's message. */
export function moderateInput({ text = '', options = {} }: ModerateCall): JsonObject {
  const { stream: _stream, ...others } = options;
  return { ...others, messages: [{ role: 'user', content: text }] };
}

/** `safe`, or `unsafe` and a line of categories (`S1,S10`); or the same as an object. */
export function readModeration(reading: ReplyReading): CallOutcome {
  const { response } = reading.body;
  const verdict =
    typeof response === 'string' ? verdictOfText(response) : verdictOfObject(response);
  if (verdict === null) return readNothing(reading);
  const categories = verdict.map((category) => ({ category, flagged: true, score: null }));
  const flagged = verdict.length > 0;
  return readDone(reading, {
    kind: 'moderate',
    flagged,
    categories: categories.filter(({ category }) => category !== unnamed),
  });
}

/** Stands for "unsafe" without a category. */
const unnamed = '';

function verdictOfText(text: string): readonly string[] | null {
  const [word = '', ...lines] = text.trim().split('\n');
  if (word.trim() === 'safe') return [];
  if (word.trim() !== 'unsafe') return null;
  const named = lines
    .join(',')
    .split(',')
    .map((name) => name.trim());
  const categories = named.filter((name) => name !== '');
  return categories.length === 0 ? [unnamed] : categories;
}

function verdictOfObject(response: Json | undefined): readonly string[] | null {
  const { safe, categories } = objectOf(response) ?? {};
  if (typeof safe !== 'boolean') return null;
  if (safe) return [];
  const named = (isList(categories) ? categories : []).filter((name) => typeof name === 'string');
  return named.length === 0 ? [unnamed] : named;
}
