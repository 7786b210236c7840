/** What proves a provider's callback, in the runtime that checks it: its WebCrypto, not Node's. */
import { expect, test } from 'vitest';

import { isSameText } from '../../src/providers/callbacks/same-text.ts';
import { verifyStandardWebhook } from '../../src/providers/callbacks/standard-webhooks.ts';
import { makeSignatureCheck } from '../../src/providers/fal/signature.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

test('Ed25519, as Node signed it with the first key of RFC 8032', async () => {
  const headers = {
    'x-fal-webhook-request-id': 'r-1',
    'x-fal-webhook-user-id': 'u-1',
    'x-fal-webhook-timestamp': '1800000000',
    'x-fal-webhook-signature':
      '298835f8d48d6f255c6f3293d29998e512293179d195b1c87e673968801f8cb7e685262e4a0923e8a27bf56cccac75dba05a360011e6d0f5f1dde561ce12dd0d',
  };
  const keys = {
    keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }],
  };
  const verify = makeSignatureCheck(async () => Response.json(keys), 'https://keys.example/');
  const request = { headers, body: bytesOf('{"status":"OK"}'), nowMs: 1_800_000_000_000 };
  expect(await verify(request)).toEqual({ kind: 'genuine' });
  expect(await verify({ ...request, body: bytesOf('{"status":"KO"}') })).toMatchObject({
    kind: 'refused',
  });
});

test('Standard Webhooks, by the vector of its libraries', async () => {
  const request = {
    headers: {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
    body: bytesOf('{"test": 2432232314}'),
    nowMs: 1_614_265_330_000,
  };
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  expect(await verifyStandardWebhook(request, secret)).toEqual({ kind: 'genuine' });
  const other = { ...request, body: bytesOf('{}') };
  expect(await verifyStandardWebhook(other, secret)).toMatchObject({ kind: 'refused' });
});

test('a secret that is brought back', async () => {
  expect(await isSameText('a secret', 'a secret')).toBe(true);
  expect(await isSameText('a secret', 'a secre')).toBe(false);
  expect(await isSameText('a secret', '')).toBe(false);
});
