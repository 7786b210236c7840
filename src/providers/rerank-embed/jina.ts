import type { JsonObject } from '../../domain/json.ts';
import type { ClassifyCall, ClassifyResult, EmbedCall } from '../../domain/model/model-call.ts';
import { numberAt, objectsAt, textAt } from '../shared/json-fields.ts';
import {
  embeddingsIn,
  scoresIn,
  totalTokens,
  wantedOf,
  type RetrievalCall,
  type RetrievalVendor,
  type VendorRequest,
} from './vendor.ts';

// UNVERIFIED: that models without tasks (before version 3) let the field pass.
const tasks = { query: 'retrieval.query', document: 'retrieval.passage' } as const;

type Label = ClassifyCall['labels'][number];

/** Jina's search foundation: `POST /embeddings`, `POST /rerank`, and `POST /classify` without training. */
export const jina: RetrievalVendor = {
  kinds: ['embed', 'rerank', 'classify'],
  request,
  vectors: (body) => embeddingsIn(body, 'data'),
  ranking: (body) => scoresIn(body, 'results'),
  labels: readLabels,
  usage: totalTokens,
  rawUsage: (body) => body['usage'] ?? null,
  classByStatus: {},
  // UNVERIFIED: the words of an account without tokens, which comes as 402 or 403.
  billingWords: /balance|recharge|insufficient (?:credit|token)/i,
};

function request(call: RetrievalCall): VendorRequest {
  switch (call.kind) {
    case 'embed':
      return embedRequest(call);
    case 'rerank': {
      const { model, query, documents } = call;
      const top_n = wantedOf(call);
      return {
        path: '/rerank',
        body: { model, query, documents, top_n, return_documents: false },
      };
    }
    case 'classify': {
      const { model, text, labels } = call;
      return { path: '/classify', body: { model, input: [text], labels: labels.map(wordsOf) } };
    }
  }
}

function embedRequest({ model, texts, dimensions, inputType }: EmbedCall): VendorRequest {
  return {
    path: '/embeddings',
    body: {
      model,
      input: texts,
      embedding_type: 'float',
      ...(inputType === undefined ? {} : { task: tasks[inputType] }),
      ...(dimensions === undefined ? {} : { dimensions }),
    },
  };
}

/** A label is compared with the text by its meaning, so its description belongs to it. */
function wordsOf({ label, description }: Label): string {
  return description === undefined ? label : `${label}: ${description}`;
}

function readLabels(body: JsonObject, { labels }: ClassifyCall): ClassifyResult['labels'] {
  const [item = {}] = objectsAt(body, 'data');
  const known = new Map(labels.map((label) => [wordsOf(label), label.label]));
  const scored = objectsAt(item, 'predictions');
  const said = scored.length > 0 ? scored : [{ ...item, label: item['prediction'] ?? null }];
  return said.flatMap((prediction) => {
    const label = known.get(textAt(prediction, 'label') ?? '');
    const score = numberAt(prediction, 'score');
    return label === undefined || score === null ? [] : [{ label, score }];
  });
}
