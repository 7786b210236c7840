import * as fc from 'fast-check';
import { verifyWebhook } from 'penstock/webhooks';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';

import { signatureOf, type Signed } from '../../../src/services/webhooks/delivering/sign.ts';

/** Of the specification's own example. */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

function headersOf({ id, timestampS }: Signed, signature: string): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': `${timestampS}`,
    'webhook-signature': signature,
  };
}

describe('what is signed', () => {
  test('has the signature of the specification’s example', async () => {
    const signed = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestampS: 1_614_265_330,
      body: '{"test": 2432232314}',
    };
    const signature = await signatureOf([SECRET], signed);
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  test('is verified by the reference library and by ours, with either of two secrets, whatever its text', async () => {
    const secret = fc
      .uint8Array({ minLength: 24, maxLength: 64 })
      .map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`);
    const body = fc.json().map((text) => `{"data":${text}}`);
    await fc.assert(
      fc.asyncProperty(secret, secret, fc.uuid(), body, async (newer, older, id, text) => {
        const nowMs = Date.now();
        const signed = { id: `evt_${id}`, timestampS: Math.floor(nowMs / 1_000), body: text };
        const headers = headersOf(signed, await signatureOf([newer, older], signed));
        for (const each of [newer, older]) {
          expect(new Webhook(each).verify(text, headers)).toEqual(JSON.parse(text));
          const verified = await verifyWebhook({ secret: each, headers, body: text, nowMs });
          expect(verified).toMatchObject({ id: signed.id, payload: JSON.parse(text) });
        }
      }),
      { numRuns: 50 },
    );
  });
});
