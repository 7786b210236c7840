import { expect, test } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import { standardWebhook } from '../callbacks/signed.ts';
import { imageCall, makeAdapter, prediction, webhookSecret } from './support.ts';
import { noFetch } from '../calling.ts';

const done = prediction('succeeded', { output: 'https://replicate.delivery/a.png' }) as Json;
const trusting = makeAdapter(noFetch, '').callbacks;
const { callbacks } = makeAdapter();

test('a signed callback carries the result', async () => {
  const request = standardWebhook(JSON.stringify(done), [webhookSecret]);
  expect(await callbacks?.verify(request)).toEqual({ kind: 'genuine' });
  expect(await callbacks?.verify({ ...request, body: Buffer.from('{}') })).toMatchObject({
    kind: 'refused',
  });
  expect(callbacks?.read(done, imageCall())).toMatchObject({
    kind: 'done',
    reply: { result: { kind: 'image' } },
  });
  expect(
    callbacks?.read(prediction('failed', { error: 'NSFW' }) as Json, imageCall()),
  ).toMatchObject({ kind: 'failed', failure: { class: 'content_blocked_output' } });
});

test.each([prediction('processing') as Json, {}, null, 'text', []])(
  'one that carries no end is a reason to ask: %#',
  (body) => {
    expect(callbacks?.read(body, imageCall())).toEqual({ kind: 'ask' });
  },
);

test('without the signing secret nothing that it carries is believed', async () => {
  const request = standardWebhook(JSON.stringify(done), []);
  expect(await trusting?.verify(request)).toEqual({ kind: 'genuine' });
  expect(trusting?.read(done, imageCall())).toEqual({ kind: 'ask' });
});
