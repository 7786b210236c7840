import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import type { ProviderAdapter, WireReply } from '../../../src/providers/port.ts';
import { rerankEmbedProviders } from '../../../src/providers/rerank-embed/providers.ts';
import { noFetch } from '../calling.ts';

export const secretKey = 'key-Zx81vQm4Lr0Tg7PbnW2sKd';

export type VendorId = keyof typeof rerankEmbedProviders;
export const vendorIds: readonly VendorId[] = ['cohere', 'jina', 'voyage'];

export function makeVendor(
  id: VendorId,
  fetch: FetchLike = noFetch,
  baseUrl: string = rerankEmbedProviders[id].baseUrl ?? '',
): ProviderAdapter {
  const entry = rerankEmbedProviders[id];
  return entry.make({
    id,
    baseUrl,
    apiKey: secretKey,
    secretName: entry.secretName ?? '',
    fetch,
    setting: noSetting,
  });
}

function noSetting(): undefined {
  return undefined;
}

export const embedCall: ModelCall = { kind: 'embed', model: 'embed-1', texts: ['one', 'two'] };

export const rerankCall: ModelCall = {
  kind: 'rerank',
  model: 'rerank-1',
  query: 'Which is a fruit?',
  documents: ['a stone', 'an apple', 'a pear'],
  topN: 2,
};

export const classifyCall: ModelCall = {
  kind: 'classify',
  model: 'jina-embeddings-v3',
  text: 'You charged me twice.',
  labels: [{ label: 'bug' }, { label: 'billing', description: 'invoices and payments' }],
  topN: 1,
};

export function reply(body: WireReply['body'], status = 200, headers = {}): WireReply {
  return { status, headers, body };
}

const tokens = { total_tokens: 6 };
const vectors = [
  [0.1, 0.2],
  [0.3, 0.4],
];
const scores = [
  { index: 1, relevance_score: 0.9 },
  { index: 2, relevance_score: 0.7 },
];
const embeddings = vectors.map((embedding, index) => ({ object: 'embedding', index, embedding }));

/** What each of them answers, as its documentation shows it. */
export const replies: Readonly<Record<VendorId, Readonly<Record<string, WireReply>>>> = {
  cohere: {
    embed: reply({
      id: 'emb_1',
      embeddings: { float: vectors },
      texts: ['one', 'two'],
      meta: { api_version: { version: '2' }, billed_units: { input_tokens: 6 } },
      response_type: 'embeddings_by_type',
    }),
    rerank: reply({
      id: 'rnk_1',
      results: scores,
      meta: { api_version: { version: '2' }, billed_units: { search_units: 1 } },
    }),
  },
  jina: {
    embed: reply({ model: 'embed-1', object: 'list', usage: tokens, data: embeddings }),
    rerank: reply({ model: 'rerank-1', usage: tokens, results: scores }),
    classify: reply({
      usage: tokens,
      data: [
        {
          object: 'classification',
          index: 0,
          prediction: 'billing: invoices and payments',
          score: 0.62,
          predictions: [
            { label: 'bug', score: 0.38 },
            { label: 'billing: invoices and payments', score: 0.62 },
          ],
        },
      ],
    }),
  },
  voyage: {
    embed: reply({ object: 'list', model: 'embed-1', usage: tokens, data: embeddings }),
    rerank: reply({ object: 'list', model: 'rerank-1', usage: tokens, data: scores }),
  },
};

const callOfKind: Readonly<Record<string, ModelCall>> = {
  embed: embedCall,
  rerank: rerankCall,
  classify: classifyCall,
};

/** Every kind that the vendor has, with its call and an answer. */
export function exchangesOf(id: VendorId): { call: ModelCall; reply: WireReply }[] {
  return Object.entries(replies[id]).flatMap(([kind, answer]) => {
    const call = callOfKind[kind];
    return call === undefined ? [] : [{ call, reply: answer }];
  });
}
