import { describe, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import { contextOf, someFile } from '../calling.ts';
import { baseUrl, callbackUrl, imageCall, makeAdapter, prediction, ticket } from './support.ts';

const startedAtMs = Date.parse('2026-11-22T10:00:00Z');
const other = { id: 'other1', webhook: 'https://penstock.example/callbacks/other' };

/** Looks for the call in these pages. */
async function find(pages: readonly unknown[], options: { call?: ModelCall; url?: null } = {}) {
  const { call = imageCall(), url = callbackUrl } = options;
  const urls: string[] = [];
  const fetch: FetchLike = async (asked) => {
    urls.push(asked);
    return Response.json(pages[urls.length - 1] ?? null);
  };
  const lost = { call, idempotencyKey: 'att_1', callbackUrl: url, startedAtMs };
  return { found: await makeAdapter(fetch).findJob?.(lost, contextOf()), urls };
}

function page(results: readonly unknown[], next: string | null = null) {
  return { previous: null, next, results };
}

describe('a lost submit', () => {
  test('is found by the address that it reports to, on a later page', async () => {
    const { found, urls } = await find([
      page([prediction('succeeded', other)], 'https://evil.example/x?cursor=c%2F2&limit=9'),
      page([prediction('processing', { webhook: callbackUrl })]),
    ]);
    expect(found).toEqual({ kind: 'found', ticket });
    const since = 'created_after=2026-11-22T09%3A59%3A00.000Z';
    expect(urls).toEqual([
      `${baseUrl}/predictions?${since}`,
      `${baseUrl}/predictions?${since}&cursor=c%2F2`,
    ]);
  });

  test('is absent where every prediction of the window reports elsewhere or is of another model', async () => {
    const { found } = await find([
      page([
        prediction('succeeded', other),
        prediction('starting', { webhook: null }),
        prediction('starting', { model: 'a/b' }),
      ]),
    ]);
    expect(found).toEqual({ kind: 'absent' });
    expect((await find([page([])])).found).toEqual({ kind: 'absent' });
  });

  test('is found by its input where the list shows no addresses', async () => {
    const call = imageCall({ seed: 7, options: { input: { a: { y: 1, x: [2] } } } });
    const same = { input: { seed: 7, prompt: 'a red fox', a: { x: [2], y: 1 } } };
    expect((await find([page([prediction('starting', same)])], { call })).found).toEqual({
      kind: 'found',
      ticket,
    });
  });

  test('is not confused by what others asked of the same model', async () => {
    const elses = prediction('starting', { id: 'other2', input: { prompt: 'a blue fox' } });
    const ours = prediction('starting', { input: { prompt: 'a red fox' } });
    expect((await find([page([elses, ours])])).found).toEqual({ kind: 'found', ticket });
    expect((await find([page([elses])])).found).toEqual({ kind: 'absent' });
  });

  test.each([
    [
      'two are alike',
      [prediction('starting'), prediction('starting', { id: 'twin' })],
      imageCall(),
    ],
    ['the input differs', [prediction('starting', { input: {} })], imageCall()],
    [
      'the input had files, whose addresses change',
      [prediction('starting', { input: { prompt: 'a red fox' } })],
      imageCall({ images: [someFile('image/png')] }),
    ],
    [
      'a deployment does not show which model it runs',
      [prediction('starting', { model: 'x/y', input: {} })],
      imageCall({ model: 'deployments/acme/one' }),
    ],
  ])('cannot be told when %s', async (_name, results, call) => {
    expect((await find([page(results)], { call })).found).toEqual({ kind: 'unknown' });
  });

  test('cannot be told from a list that goes on for too long, or without a cursor', async () => {
    const more = page([], `${baseUrl}/predictions?cursor=x`);
    const { found, urls } = await find(Array.from({ length: 9 }, () => more));
    expect(found).toEqual({ kind: 'unknown' });
    expect(urls).toHaveLength(5);
    expect((await find([page([], `${baseUrl}/predictions`)])).found).toEqual({ kind: 'unknown' });
  });

  test('without an address of ours, another webhook says nothing', async () => {
    const { found } = await find([page([prediction('starting', other)])], { url: null });
    expect(found).toMatchObject({ kind: 'found' });
  });
});
