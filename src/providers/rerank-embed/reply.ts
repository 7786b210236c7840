import { isJsonObject } from '../../domain/json.ts';
import type { ClassifyCall, EmbedCall, RerankCall } from '../../domain/model/model-call.ts';
import type { CallOutcome, WireReply } from '../port.ts';
import { ownWords, type Asked } from '../shared/failures.ts';
import { textAt } from '../shared/json-fields.ts';
import { readDone, readNothing, saidSpent, type ReplyReading } from '../shared/reading.ts';
import { requestIdOf } from '../shared/said.ts';
import { classify } from './errors.ts';
import type { RetrievalCall, RetrievalVendor } from './vendor.ts';

/** Maps a whole reply, success or not, to an outcome. */
export function toOutcome(
  vendor: RetrievalVendor,
  asked: Asked,
  reply: WireReply,
  call: RetrievalCall,
): CallOutcome {
  const reading = readingOf(vendor, asked, reply, call);
  if (reply.status >= 300) {
    const failure = classify(vendor, asked, { kind: 'reply', reply });
    return { kind: 'failed', failure, ...saidSpent(reading.spent) };
  }
  switch (call.kind) {
    case 'embed':
      return readVectors(vendor, reading, call);
    case 'rerank':
      return readRanking(vendor, reading, call);
    case 'classify':
      return readLabels(vendor, reading, call);
  }
}

function readingOf(
  vendor: RetrievalVendor,
  asked: Asked,
  reply: WireReply,
  call: RetrievalCall,
): ReplyReading {
  const body = isJsonObject(reply.body) ? reply.body : {};
  const model = textAt(body, 'model');
  const requestId = requestIdOf(body, reply.headers);
  const spent = {
    usage: vendor.usage(body, call.kind),
    rawUsage: vendor.rawUsage(body),
    returnedModel: model === null ? call.model : ownWords(model, asked),
    providerRequestId: requestId === null ? null : ownWords(requestId, asked),
  };
  return { asked, reply, body, call, spent };
}

function readVectors(
  vendor: RetrievalVendor,
  reading: ReplyReading,
  { texts }: EmbedCall,
): CallOutcome {
  const byIndex = new Map(vendor.vectors(reading.body).map(({ index, value }) => [index, value]));
  const vectors = texts.map((_text, index) => byIndex.get(index) ?? []);
  const isWhole = byIndex.size === texts.length && vectors.every((vector) => vector.length > 0);
  return isWhole ? readDone(reading, { kind: 'embed', vectors }) : readNothing(reading);
}

function readRanking(
  vendor: RetrievalVendor,
  reading: ReplyReading,
  { documents, topN }: RerankCall,
): CallOutcome {
  const scores = new Map<number, number>();
  for (const { index, value } of vendor.ranking(reading.body)) {
    if (index in documents && !scores.has(index)) scores.set(index, value);
  }
  const results = [...scores]
    .map(([index, score]) => ({ index, score }))
    .toSorted((left, right) => right.score - left.score)
    .slice(0, topN);
  if (results.length === 0) return readNothing(reading);
  return readDone(reading, { kind: 'rerank', results });
}

function readLabels(
  vendor: RetrievalVendor,
  reading: ReplyReading,
  call: ClassifyCall,
): CallOutcome {
  const labels = (vendor.labels?.(reading.body, call) ?? [])
    .map(({ label, score }) => ({ label, score: Math.min(1, Math.max(0, score)) }))
    .toSorted((left, right) => right.score - left.score)
    .slice(0, call.topN);
  if (labels.length === 0) return readNothing(reading);
  return readDone(reading, { kind: 'classify', labels });
}
