import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import type { CallbackRequest } from '../../../src/providers/port.ts';
import { falKeys, falWebhook, nowMs } from '../callbacks/signed.ts';
import { imageCall, imageResult, jwksUrl, makeAdapter, ticket } from './support.ts';

const text = '{"request_id":"r","status":"OK","payload":{}}';
const [one, two] = [falKeys(), falKeys()];

/** Checks against these documents, one for each time that the keys are fetched. */
function checking(...documents: readonly unknown[]) {
  const urls: string[] = [];
  const fetch: FetchLike = async (url, { headers }) => {
    urls.push(url);
    expect(new Headers(headers).has('authorization')).toBe(false);
    const document = documents[Math.min(urls.length, documents.length) - 1];
    return Response.json(document, { status: document === null ? 503 : 200 });
  };
  const { callbacks } = makeAdapter(fetch);
  return { verify: (request: CallbackRequest) => callbacks?.verify(request), urls };
}

const both = { keys: [one.jwk, two.jwk] };

describe('the signature', () => {
  test('fits one of the published keys, which are fetched once', async () => {
    const { verify, urls } = checking(both);
    expect(await verify(falWebhook(text, two.privateKey))).toEqual({ kind: 'genuine' });
    expect(await verify(falWebhook(text, one.privateKey))).toEqual({ kind: 'genuine' });
    expect(urls).toEqual([jwksUrl]);
  });

  test('is what RFC 8032 says of its first test key', async () => {
    // RFC 8032, 7.1, TEST 1: the keys, from their published bytes.
    const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
    const pkcs8 = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex');
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    const jwk = createPublicKey(key).export({ format: 'jwk' });
    expect(Buffer.from(jwk.x ?? '', 'base64url').toString('hex')).toBe(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
    const { verify } = checking({ keys: [jwk] });
    expect(await verify(falWebhook(text, key))).toEqual({ kind: 'genuine' });
  });

  test('of a new key is found by fetching the keys anew, but not at every forgery', async () => {
    const { verify, urls } = checking({ keys: [one.jwk] }, both);
    expect(await verify(falWebhook(text, one.privateKey))).toEqual({ kind: 'genuine' });
    expect(await verify(falWebhook(text, two.privateKey))).toMatchObject({ kind: 'refused' });
    expect(urls).toHaveLength(1);
    const later = nowMs + 60_000;
    expect(await verify({ ...falWebhook(text, two.privateKey, later), nowMs: later })).toEqual({
      kind: 'genuine',
    });
    expect(urls).toHaveLength(2);
  });

  test('keys are kept for a day and no longer', async () => {
    const { verify, urls } = checking(both);
    for (const hours of [0, 23.9, 24]) {
      const atMs = nowMs + hours * 3_600_000;
      await verify({ ...falWebhook(text, one.privateKey, atMs), nowMs: atMs });
    }
    expect(urls).toHaveLength(2);
  });

  const good = falWebhook(text, one.privateKey);
  const header = (name: string, value: string) => ({
    ...good,
    headers: { ...good.headers, [`x-fal-webhook-${name}`]: value },
  });
  test.each([
    ['a changed body', { ...good, body: Buffer.from(`${text} `) }],
    ['another request', header('request-id', 'r-2')],
    ['another user', header('user-id', 'user_2')],
    ['another time', header('timestamp', String(nowMs / 1000 - 1))],
    ['no request', header('request-id', '')],
    ['no time', header('timestamp', '')],
    ['no signature', header('signature', '')],
    ['half a signature', header('signature', 'ab')],
    ['of a stranger', falWebhook(text, falKeys().privateKey)],
    ['too old', falWebhook(text, one.privateKey, nowMs - 301_000)],
    ['too early', falWebhook(text, one.privateKey, nowMs + 301_000)],
  ])('is refused: %s', async (_name, request) => {
    expect(await checking(both).verify(request)).toMatchObject({ kind: 'refused' });
  });

  test.each([[null], [{}], [{ keys: [{ x: 'AAAA' }] }], ['text'], [{ keys: [null, { x: 1 }] }]])(
    'without keys nothing is believed: %j',
    async (document) => {
      expect(await checking(document).verify(good)).toMatchObject({ kind: 'refused' });
    },
  );

  test('keys that were not to be had are fetched the next time', async () => {
    const { verify } = checking(null, both);
    expect(await verify(good)).toMatchObject({ kind: 'refused' });
    expect(await verify(good)).toEqual({ kind: 'genuine' });
  });
});

function read(body: Json) {
  return makeAdapter().callbacks?.read(body, imageCall());
}

describe('what a callback says', () => {
  const request_id = ticket.providerJobId;

  test('OK: the result', () => {
    expect(read({ request_id, status: 'OK', payload: imageResult })).toMatchObject({
      kind: 'done',
      reply: { usage: { images: 1 }, providerRequestId: request_id },
    });
  });

  test('ERROR: the error of the model', () => {
    const detail = [
      { loc: ['body', 'model_name'], msg: 'field required', type: 'value_error.missing' },
    ];
    const body = {
      request_id,
      status: 'ERROR',
      error: 'Invalid status code: 422',
      payload: { detail },
    };
    expect(read(body)).toMatchObject({
      kind: 'failed',
      failure: {
        class: 'invalid_request',
        phase: 'accepted',
        status: 422,
        code: 'value_error.missing',
      },
    });
  });

  test.each<Json>([
    { request_id, status: 'OK', payload: null, payload_error: 'Payload is not JSON serializable.' },
    { request_id, status: 'ERROR', error: 'Something else', payload: {} },
    { request_id, status: 'ERROR', error: 'Invalid status code: 500', payload: null },
    { request_id, status: 'MAYBE', payload: {} },
    {},
    null,
    'text',
  ])('a reason to ask: %j', (body) => {
    expect(read(body)).toEqual({ kind: 'ask' });
  });
});
