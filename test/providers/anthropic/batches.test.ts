import { createHash } from 'node:crypto';

import { expect, test } from 'vitest';

import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import {
  batch,
  chatCall,
  contextWith,
  error,
  json,
  makeAdapter,
  message,
  server,
} from './support.ts';

const call = chatCall({ execution: 'batch' });
const ticket = { providerJobId: 'msgbatch_01', data: null };
const customId = createHash('sha256').update('job_1:write:1').digest('hex');
const at = 'GET /messages/batches/msgbatch_01';
const ended = () => json(batch({ processing_status: 'ended' }));

/** Results as the API sends them: a JSON object on each line. */
function lines(results: readonly object[], contentType = 'application/x-jsonl'): () => Response {
  const text = results
    .map((result) => `${JSON.stringify({ custom_id: customId, result })}\n`)
    .join('');
  return () => new Response(text, { headers: { 'content-type': contentType } });
}

const status = (fetch: FetchLike) => makeAdapter(fetch).getJobStatus?.(ticket, call, contextWith());

test('a submit is a batch of one, under an id made of the attempt', async () => {
  const { fetch, sent } = server({ 'POST /messages/batches': () => json(batch()) });
  expect(await makeAdapter(fetch).submitJob(call, contextWith())).toEqual({
    kind: 'pending',
    ticket,
    checkInMs: 30_000,
  });
  expect(JSON.parse(sent[0]?.init.body as string)).toEqual({
    requests: [
      {
        custom_id: customId,
        params: {
          model: 'claude-sonnet-4-5',
          max_tokens: 8192,
          messages: [{ role: 'user', content: [{ type: 'text', text: 'Say hello to Ada.' }] }],
        },
      },
    ],
  });
  expect(customId).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
});

test.each(['in_progress', 'canceling'])('while it is %s, it is asked again', async (processing) => {
  const { fetch, sent } = server({ [at]: () => json(batch({ processing_status: processing })) });
  expect(await status(fetch)).toEqual({ kind: 'pending', ticket, checkInMs: 30_000 });
  expect(sent).toHaveLength(1);
});

test.each(['application/x-jsonl', 'application/octet-stream', 'application/json'])(
  'once it has ended, the results (%s) have the message',
  async (contentType) => {
    const { fetch, sent } = server({
      [at]: ended,
      [`${at}/results`]: lines([{ type: 'succeeded', message: message() }], contentType),
    });
    expect(await status(fetch)).toMatchObject({
      kind: 'done',
      reply: { result: { text: 'Hello Ada.' }, usage: { inputTokens: 12, outputTokens: 7 } },
    });
    expect(sent.map(({ init }) => new Headers(init.headers).has('x-api-key'))).toEqual([
      true,
      true,
    ]);
  },
);

test.each([
  [
    'errored',
    { error: error('invalid_request_error') },
    'invalid_request',
    'invalid_request_error',
  ],
  ['errored', { error: error('overloaded_error') }, 'overloaded', 'overloaded_error'],
  ['canceled', {}, 'cancelled', 'cancelled_at_provider'],
  ['expired', {}, 'timeout', 'batch_expired'],
])('a result that has %s', async (type, more, failureClass, code) => {
  const { fetch } = server({ [at]: ended, [`${at}/results`]: lines([{ type, ...more }]) });
  expect(await status(fetch)).toMatchObject({
    kind: 'failed',
    failure: { class: failureClass, phase: 'accepted', code },
  });
});

const busy = () => new Response('{}', { status: 529, headers: { 'retry-after': '60' } });

test('a question that is not answered says nothing of the work', async () => {
  const { fetch } = server({ [at]: busy });
  expect(await status(fetch)).toEqual({ kind: 'pending', ticket, checkInMs: 60_000 });
  const late = server({ [at]: ended, [`${at}/results`]: busy });
  expect(await status(late.fetch)).toEqual({ kind: 'pending', ticket, checkInMs: 60_000 });
});

test('a batch that is gone is a failure of the attempt', async () => {
  expect(await status(server({}).fetch)).toMatchObject({
    kind: 'failed',
    failure: { phase: 'accepted', status: 404 },
  });
});

test('a cancel is posted', async () => {
  const { fetch, sent } = server({
    'POST /messages/batches/msgbatch_01/cancel': () => json(batch()),
  });
  await makeAdapter(fetch).cancelJob?.(ticket, call, contextWith());
  expect(sent.map(({ url }) => url)).toEqual([
    'https://api.anthropic.example/v1/messages/batches/msgbatch_01/cancel',
  ]);
});

const startedAtMs = Date.parse('2026-11-20T10:00:00Z');
const later = { date: 'Fri, 20 Nov 2026 10:05:00 GMT' };
const soon = { date: 'Fri, 20 Nov 2026 10:00:05 GMT' };
const endedAt = (created_at: string, id = 'msgbatch_01') =>
  batch({ id, created_at, processing_status: 'ended' });
const old = endedAt('2026-11-20T08:00:00Z', 'msgbatch_old');

async function find(list: unknown, headers: Record<string, string>, results = lines([{}])) {
  const { fetch } = server({
    'GET /messages/batches?limit=100': () => json(list, headers),
    [`${at}/results`]: results,
  });
  const lost = { call, idempotencyKey: 'job_1:write:1', callbackUrl: null, startedAtMs };
  return makeAdapter(fetch).findJob?.(lost, contextWith());
}

test('a lost submit is found by its id in the results of an ended batch', async () => {
  const data = [endedAt('2026-11-20T10:00:01Z'), old];
  expect(await find({ data, has_more: true }, later)).toEqual({ kind: 'found', ticket });
});

const others = () =>
  new Response(JSON.stringify({ custom_id: 'other', result: { type: 'canceled' } }));

test('it is absent when no batch of that time can be it', async () => {
  expect(await find({ data: [old], has_more: true }, later)).toEqual({ kind: 'absent' });
  expect(await find({ data: [], has_more: false }, later)).toEqual({ kind: 'absent' });
  const many = batch({ created_at: '2026-11-20T10:00:01Z', request_counts: { processing: 9 } });
  expect(await find({ data: [many, old], has_more: true }, later)).toEqual({ kind: 'absent' });
  const data = [endedAt('2026-11-20T10:00:01Z')];
  expect(await find({ data, has_more: false }, later, others)).toEqual({ kind: 'absent' });
});

test.each([
  [
    'another is still at work',
    { data: [batch({ created_at: '2026-11-20T10:00:01Z' })], has_more: false },
    later,
  ],
  ['it may not show yet', { data: [], has_more: false }, soon],
  [
    'the list does not reach so far back',
    { data: [endedAt('2026-11-20T10:00:01Z', 'b')], has_more: true },
    later,
  ],
  ['the list cannot be read', { data: [{ id: 'b' }], has_more: false }, later],
  ['there is no list', {}, later],
])('it cannot be told: %s', async (_name, list, headers) => {
  expect(await find(list, headers)).toEqual({ kind: 'unknown' });
});
