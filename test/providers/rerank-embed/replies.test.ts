import { describe, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import type { WireReply } from '../../../src/providers/port.ts';
import {
  classifyCall,
  embedCall,
  exchangesOf,
  makeVendor,
  reply,
  rerankCall,
  secretKey,
  vendorIds,
  type VendorId,
} from './support.ts';

const byKind = {
  embed: {
    kind: 'embed',
    vectors: [
      [0.1, 0.2],
      [0.3, 0.4],
    ],
  },
  rerank: {
    kind: 'rerank',
    results: [
      { index: 1, score: 0.9 },
      { index: 2, score: 0.7 },
    ],
  },
  classify: { kind: 'classify', labels: [{ label: 'billing', score: 0.62 }] },
};

describe.each(vendorIds)('%s', (id) => {
  test.each(exchangesOf(id))('$call.kind is read', ({ call, reply: answer }) => {
    const searched = id === 'cohere' && call.kind === 'rerank';
    expect(makeVendor(id).normalizeOutput(answer, call)).toMatchObject({
      kind: 'done',
      reply: {
        result: byKind[call.kind as keyof typeof byKind],
        usage: searched ? { searchUnits: 1 } : { inputTokens: 6 },
        returnedModel: call.model,
      },
    });
  });

  test('usage that is not told stays unknown', () => {
    const [first] = exchangesOf(id);
    if (first === undefined) throw new Error('no exchange');
    const { usage: _usage, meta: _meta, ...body } = first.reply.body as Record<string, unknown>;
    const outcome = makeVendor(id).normalizeOutput(reply(body as WireReply['body']), first.call);
    expect(outcome).toMatchObject({ kind: 'done', reply: { rawUsage: null } });
    expect(outcome.kind === 'done' ? outcome.reply.usage : null).toEqual({});
  });

  test('too few vectors, and a ranking of documents that are not there, are no results', () => {
    const adapter = makeVendor(id);
    const cut = { embeddings: { float: [[0.1, 0.2]] }, data: [{ embedding: [0.1, 0.2] }] };
    expect(adapter.normalizeOutput(reply(cut), embedCall)).toMatchObject({
      failure: { class: 'provider_internal', phase: 'unknown', code: 'reply_malformed' },
    });
    const odd = [{ index: 7, relevance_score: 1 }, { index: 0.5, relevance_score: 1 }, 'x'];
    expect(adapter.normalizeOutput(reply({ results: odd, data: odd }), rerankCall)).toMatchObject({
      kind: 'failed',
    });
  });
});

test('vectors are put in the order of the texts, results in the order of their scores', () => {
  const data = [
    { index: 1, embedding: [2] },
    { index: 0, embedding: [1] },
  ];
  expect(makeVendor('voyage').normalizeOutput(reply({ data }), embedCall)).toMatchObject({
    reply: { result: { vectors: [[1], [2]] } },
  });
  const results = [
    { index: 0, relevance_score: 0.1 },
    { index: 2, relevance_score: 0.5 },
    { index: 1, relevance_score: 0.3 },
  ];
  expect(makeVendor('jina').normalizeOutput(reply({ results }), rerankCall)).toMatchObject({
    reply: {
      result: {
        results: [
          { index: 2, score: 0.5 },
          { index: 1, score: 0.3 },
        ],
      },
    },
  });
});

test('a classification that only says its prediction is one', () => {
  const data = [{ index: 0, prediction: 'bug', score: 1.2 }];
  expect(makeVendor('jina').normalizeOutput(reply({ data }), classifyCall)).toMatchObject({
    reply: { result: { labels: [{ label: 'bug', score: 1 }] } },
  });
});

const monthly =
  'You are using a Trial key, which is limited to 1000 API calls / month. Upgrade to a Production key.';
const minutely = 'You are using a Trial key, which is limited to 40 API calls / minute.';

/** Vendor, status, body, and what it means. */
const rows: [VendorId, number, WireReply['body'], object][] = [
  ['cohere', 400, { message: 'invalid request: query must not be empty' }, invalid()],
  [
    'cohere',
    400,
    { id: 'a1', message: 'too many tokens: total number of tokens cannot exceed 4096' },
    { class: 'context_length', phase: 'rejected' },
  ],
  [
    'cohere',
    400,
    { message: "invalid request: model 'command-r' is not supported by the embed API" },
    { class: 'not_found_model' },
  ],
  ['cohere', 401, { message: 'invalid api token' }, { class: 'auth', phase: 'rejected' }],
  ['cohere', 402, { message: 'reached its billing limit' }, { class: 'billing_exhausted' }],
  ['cohere', 404, { message: "model 'x' not found" }, { class: 'not_found_model' }],
  ['cohere', 429, { message: minutely }, { class: 'rate_limited', phase: 'rejected' }],
  ['cohere', 429, { message: monthly }, { class: 'billing_exhausted', phase: 'rejected' }],
  ['cohere', 498, { message: 'a token is denied' }, { class: 'content_blocked_input' }],
  ['cohere', 499, { message: 'request cancelled' }, { class: 'timeout', phase: 'unknown' }],
  ['cohere', 500, { message: 'oops' }, { class: 'provider_internal', phase: 'unknown' }],
  ['cohere', 503, { message: 'busy' }, { class: 'overloaded' }],
  ['jina', 401, { detail: 'Invalid API key' }, { class: 'auth' }],
  ['jina', 402, { detail: 'Account balance not enough' }, { class: 'billing_exhausted' }],
  [
    'jina',
    403,
    { detail: 'Insufficient balance, please recharge' },
    { class: 'billing_exhausted' },
  ],
  ['jina', 403, { detail: 'Not for this key' }, { class: 'permission' }],
  [
    'jina',
    422,
    { detail: [{ loc: ['body', 'input'], msg: 'field required', type: 'value_error.missing' }] },
    { ...invalid(), detail: { message: 'body.input: field required' } },
  ],
  ['jina', 422, { detail: 'Model jina-x does not exist' }, { class: 'not_found_model' }],
  ['jina', 429, { detail: 'Rate limit exceeded' }, { class: 'rate_limited' }],
  ['jina', 524, 'a timeout occurred', { class: 'timeout', phase: 'unknown' }],
  [
    'voyage',
    400,
    { detail: 'The max allowed tokens per submitted batch is 120000.' },
    { class: 'context_length' },
  ],
  ['voyage', 400, { detail: 'Model voyage-9 is not supported.' }, { class: 'not_found_model' }],
  ['voyage', 400, { detail: 'Argument truncation is invalid' }, invalid()],
  ['voyage', 401, { detail: 'Provided API key is invalid.' }, { class: 'auth' }],
  ['voyage', 403, { detail: 'Forbidden' }, { class: 'permission' }],
  ['voyage', 413, { detail: 'Too large' }, { class: 'payload_too_large' }],
  ['voyage', 429, { detail: 'Too many requests' }, { class: 'rate_limited', phase: 'rejected' }],
  ['voyage', 500, { detail: 'Internal' }, { class: 'provider_internal', phase: 'unknown' }],
  ['voyage', 502, { detail: 'Bad gateway' }, { class: 'provider_internal', phase: 'unknown' }],
  ['voyage', 503, { detail: 'Busy' }, { class: 'overloaded', phase: 'unknown' }],
  ['voyage', 504, { detail: 'Gateway timeout' }, { class: 'timeout', phase: 'unknown' }],
];

function invalid() {
  return { class: 'invalid_request', phase: 'rejected' };
}

describe('an error', () => {
  test.each(rows)('%s %i %j', (id, status, body, expected) => {
    const adapter = makeVendor(id);
    const evidence = { kind: 'reply' as const, reply: reply(body, status) };
    expect(adapter.classifyError(evidence)).toMatchObject({ ...expected, status });
    expect(adapter.normalizeOutput(evidence.reply, embedCall)).toMatchObject({
      kind: 'failed',
      failure: expected,
    });
  });

  test.each([
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after-ms': '250' }, 250],
    [
      { date: 'Sun, 22 Nov 2026 10:00:00 GMT', 'retry-after': 'Sun, 22 Nov 2026 10:00:30 GMT' },
      30_000,
    ],
    [{}, undefined],
  ])('with %j says how long to wait', (headers, retryAfterMs) => {
    const limited = reply({ detail: 'Slow down' }, 429, headers);
    const failure = makeVendor('voyage').classifyError({ kind: 'reply', reply: limited });
    expect(failure.retryAfterMs).toBe(retryAfterMs);
  });

  test('keeps the words and the id of the request, and no key', () => {
    const answer = reply(
      { id: 'req_9', message: `no key ${secretKey} or jina_0123456789abcdef` },
      401,
    );
    const failure = makeVendor('cohere').classifyError({ kind: 'reply', reply: answer });
    expect(failure.detail).toEqual({ message: 'no key *** or ***', request_id: 'req_9' });
    expect(failure.message).toContain('COHERE_API_KEY');
  });
});

test('a call of another kind is no call of these', () => {
  const chat: ModelCall = {
    kind: 'chat',
    model: 'm',
    messages: [],
    parameters: {},
    output: { kind: 'text' },
  };
  expect(makeVendor('voyage').normalizeOutput(reply({}), chat)).toMatchObject({
    failure: { code: 'unsupported_kind' },
  });
});
