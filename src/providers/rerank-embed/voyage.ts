import type { EmbedCall, RerankCall } from '../../domain/model/model-call.ts';
import {
  embeddingsIn,
  scoresIn,
  totalTokens,
  wantedOf,
  type RetrievalVendor,
  type VendorRequest,
} from './vendor.ts';

/** Voyage's `POST /embeddings` and `POST /rerank`. */
export const voyage: RetrievalVendor = {
  kinds: ['embed', 'rerank'],
  request(call) {
    if (call.kind === 'embed') return embedRequest(call);
    if (call.kind === 'rerank') return rerankRequest(call);
    throw new Error(`a call of kind ${call.kind} was routed to an adapter without it`);
  },
  vectors: (body) => embeddingsIn(body, 'data'),
  ranking: (body) => scoresIn(body, 'data'),
  usage: totalTokens,
  rawUsage: (body) => body['usage'] ?? null,
  classByStatus: {},
  billingWords: null,
};

function embedRequest({ model, texts, dimensions, inputType }: EmbedCall): VendorRequest {
  return {
    path: '/embeddings',
    body: {
      model,
      input: texts,
      ...(inputType === undefined ? {} : { input_type: inputType }),
      ...(dimensions === undefined ? {} : { output_dimension: dimensions }),
    },
  };
}

function rerankRequest(call: RerankCall): VendorRequest {
  const { model, query, documents } = call;
  const top_k = wantedOf(call);
  return { path: '/rerank', body: { model, query, documents, top_k, return_documents: false } };
}
