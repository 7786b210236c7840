import { describe, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import { capturing } from '../captured.ts';
import { contextOf } from '../calling.ts';
import {
  classifyCall,
  embedCall,
  makeVendor,
  replies,
  rerankCall,
  secretKey,
  type VendorId,
} from './support.ts';

const exact: [VendorId, ModelCall, string, object][] = [
  [
    'cohere',
    embedCall,
    'https://api.cohere.com/v2/embed',
    {
      model: 'embed-1',
      texts: ['one', 'two'],
      input_type: 'search_document',
      embedding_types: ['float'],
    },
  ],
  [
    'cohere',
    { ...embedCall, inputType: 'query', dimensions: 256 } as ModelCall,
    'https://api.cohere.com/v2/embed',
    {
      model: 'embed-1',
      texts: ['one', 'two'],
      input_type: 'search_query',
      embedding_types: ['float'],
      output_dimension: 256,
    },
  ],
  [
    'cohere',
    rerankCall,
    'https://api.cohere.com/v2/rerank',
    {
      model: 'rerank-1',
      query: 'Which is a fruit?',
      documents: ['a stone', 'an apple', 'a pear'],
      top_n: 2,
    },
  ],
  [
    'jina',
    { ...embedCall, inputType: 'document', dimensions: 128 } as ModelCall,
    'https://api.jina.ai/v1/embeddings',
    {
      model: 'embed-1',
      input: ['one', 'two'],
      embedding_type: 'float',
      task: 'retrieval.passage',
      dimensions: 128,
    },
  ],
  [
    'jina',
    rerankCall,
    'https://api.jina.ai/v1/rerank',
    {
      model: 'rerank-1',
      query: 'Which is a fruit?',
      documents: ['a stone', 'an apple', 'a pear'],
      top_n: 2,
      return_documents: false,
    },
  ],
  [
    'jina',
    classifyCall,
    'https://api.jina.ai/v1/classify',
    {
      model: 'jina-embeddings-v3',
      input: ['You charged me twice.'],
      labels: ['bug', 'billing: invoices and payments'],
    },
  ],
  [
    'voyage',
    { ...embedCall, inputType: 'query', dimensions: 512 } as ModelCall,
    'https://api.voyageai.com/v1/embeddings',
    { model: 'embed-1', input: ['one', 'two'], input_type: 'query', output_dimension: 512 },
  ],
  [
    'voyage',
    rerankCall,
    'https://api.voyageai.com/v1/rerank',
    {
      model: 'rerank-1',
      query: 'Which is a fruit?',
      documents: ['a stone', 'an apple', 'a pear'],
      top_k: 2,
      return_documents: false,
    },
  ],
];

describe('the exact request', () => {
  test.each(exact)('%s %j', async (id, call, url, body) => {
    const { fetch, sent } = capturing({});
    await makeVendor(id, fetch).submitJob(
      call,
      contextOf({ headers: { 'x-request-id': 'req_1' } }),
    );
    expect(sent).toEqual([
      {
        url,
        method: 'POST',
        headers: {
          'x-request-id': 'req_1',
          'content-type': 'application/json',
          accept: 'application/json',
          authorization: `Bearer ${secretKey}`,
        },
        body,
      },
    ]);
  });

  test('options are added, and what the adapter says wins', () => {
    const options = { truncate: 'NONE', model: 'other', input_type: 'clustering' };
    const bodyOf = (more: object) =>
      makeVendor('cohere').transformInput({ ...embedCall, options, ...more }).body;
    expect(bodyOf({})).toMatchObject({
      truncate: 'NONE',
      model: 'embed-1',
      input_type: 'clustering',
    });
    expect(bodyOf({ inputType: 'query' })).toMatchObject({ input_type: 'search_query' });
  });

  test('no more results are asked for than there are documents', () => {
    const call = { ...rerankCall, topN: 50 } as ModelCall;
    expect(makeVendor('voyage').transformInput(call).body).toMatchObject({ top_k: 3 });
    expect(makeVendor('cohere').transformInput(call).body).toMatchObject({ top_n: 3 });
  });

  test('labels are needed, and nothing is sent without them', async () => {
    const call = { ...classifyCall, labels: [] } as ModelCall;
    expect(await makeVendor('jina').submitJob(call, contextOf())).toMatchObject({
      failure: { class: 'invalid_request', phase: 'not_sent', code: 'labels_missing' },
    });
  });

  test('there is no background', async () => {
    const call = { ...embedCall, execution: 'batch' } as ModelCall;
    expect(await makeVendor('jina').submitJob(call, contextOf())).toMatchObject({
      failure: { phase: 'not_sent', code: 'unsupported_execution' },
    });
  });
});

test('every answer is of the vendor that gives it', () => {
  expect(Object.keys(replies)).toEqual(['cohere', 'jina', 'voyage']);
});
