import { describe, expect, test } from 'vitest';

import { verifyStandardWebhook } from '../../../src/providers/callbacks/standard-webhooks.ts';
import { nowMs, standardWebhook } from './signed.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const elder = `whsec_${Buffer.from('the secret before').toString('base64')}`;
const text = '{"id":"p1","output":"ü"}';

describe('a callback by Standard Webhooks', () => {
  test('the example of the specification is genuine', async () => {
    // The vector that the Standard Webhooks libraries test themselves with.
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    const body = new TextEncoder().encode('{"test": 2432232314}');
    expect(
      await verifyStandardWebhook({ headers, body, nowMs: 1_614_265_330_000 }, secret),
    ).toEqual({ kind: 'genuine' });
  });

  test.each([
    ['signed', standardWebhook(text, [secret])],
    ['one of several signatures fits', standardWebhook(text, [elder, secret, elder])],
    ['five minutes old', standardWebhook(text, [secret], { atMs: nowMs - 300_000 })],
    ['five minutes early', standardWebhook(text, [secret], { atMs: nowMs + 300_000 })],
  ])('is genuine: %s', async (_name, request) => {
    expect(await verifyStandardWebhook(request, secret)).toEqual({ kind: 'genuine' });
  });

  const good = standardWebhook(text, [secret]);
  const signature = good.headers['webhook-signature'] ?? '';
  const without = (name: string) => ({ ...good, headers: { ...good.headers, [name]: '' } });
  const withSignature = (value: string) => ({
    ...good,
    headers: { ...good.headers, 'webhook-signature': value },
  });
  test.each([
    ['of another secret', standardWebhook(text, [elder])],
    ['a changed body', { ...good, body: Buffer.from(text.replace('p1', 'p2')) }],
    ['a changed id', { ...good, headers: { ...good.headers, 'webhook-id': 'msg_2' } }],
    ['too old', standardWebhook(text, [secret], { atMs: nowMs - 301_000 })],
    ['too early', standardWebhook(text, [secret], { atMs: nowMs + 301_000 })],
    ['no id', without('webhook-id')],
    ['no time', without('webhook-timestamp')],
    ['no signature', without('webhook-signature')],
    ['another version only', withSignature(signature.replace('v1,', 'v2,'))],
    ['half a signature', withSignature(signature.slice(0, 20))],
    ['no base64', withSignature('v1,%%%')],
    ['fits after too many', withSignature(`${'v1,AAAA '.repeat(10)}${signature}`)],
  ])('is refused: %s', async (_name, request) => {
    const verdict = await verifyStandardWebhook(request, secret);
    expect(verdict).toMatchObject({ kind: 'refused' });
    expect(JSON.stringify(verdict)).not.toContain('msg_');
  });

  test.each(['', 'whsec_', 'whsec_%'])('a secret %j is none', async (broken) => {
    expect(await verifyStandardWebhook(good, broken)).toMatchObject({ kind: 'refused' });
  });
});
