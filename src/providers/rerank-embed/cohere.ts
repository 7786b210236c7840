import type { EmbedCall, RerankCall } from '../../domain/model/model-call.ts';
import { countAt, objectAt, withoutZeros } from '../shared/json-fields.ts';
import {
  scoresIn,
  vectorsIn,
  wantedOf,
  type RetrievalVendor,
  type VendorRequest,
} from './vendor.ts';

const inputTypes = { query: 'search_query', document: 'search_document' } as const;

/** Cohere's API version 2: `POST /embed` and `POST /rerank`. */
export const cohere: RetrievalVendor = {
  kinds: ['embed', 'rerank'],
  request(call) {
    if (call.kind === 'embed') return embedRequest(call);
    if (call.kind === 'rerank') return rerankRequest(call);
    throw new Error(`a call of kind ${call.kind} was routed to an adapter without it`);
  },
  vectors: (body) => vectorsIn(objectAt(body, 'embeddings'), 'float'),
  ranking: (body) => scoresIn(body, 'results'),
  usage(body) {
    const billed = objectAt(objectAt(body, 'meta'), 'billed_units');
    return withoutZeros({
      inputTokens: countAt(billed, 'input_tokens'),
      outputTokens: countAt(billed, 'output_tokens'),
      searchUnits: countAt(billed, 'search_units'),
      images: countAt(billed, 'images'),
    });
  },
  rawUsage: (body) => objectAt(body, 'meta')['billed_units'] ?? null,
  // UNVERIFIED: that 498 is said of a text with words that Cohere does not let through.
  classByStatus: { 498: 'content_blocked_input' },
  // A trial key has a limit for the minute, which passes, and one for the month.
  billingWords: /calls? ?\/ ?month|billing limit/i,
};

/** The type of the input is required: what is not said is a document, or what the options say. */
function embedRequest({
  model,
  texts,
  dimensions,
  inputType,
  options = {},
}: EmbedCall): VendorRequest {
  const said = inputType === undefined ? options['input_type'] : inputTypes[inputType];
  return {
    path: '/embed',
    body: {
      model,
      texts,
      input_type: said ?? inputTypes.document,
      embedding_types: ['float'],
      ...(dimensions === undefined ? {} : { output_dimension: dimensions }),
    },
  };
}

function rerankRequest(call: RerankCall): VendorRequest {
  const { model, query, documents } = call;
  return { path: '/rerank', body: { model, query, documents, top_n: wantedOf(call) } };
}
