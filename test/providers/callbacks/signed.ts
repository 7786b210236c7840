/** Signatures as providers make them, by Node's own crypto, apart from the code that checks them. */
import { createHash, createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

import type { CallbackRequest } from '../../../src/providers/port.ts';

export const nowMs = 1_800_000_000_000;

/** A callback by the Standard Webhooks scheme, signed by each of these secrets in turn. */
export function standardWebhook(
  text: string,
  secrets: readonly string[],
  { id = 'msg_1', atMs = nowMs } = {},
): CallbackRequest {
  const timestamp = String(Math.floor(atMs / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`);
    return `v1,${mac.digest('base64')}`;
  });
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
  return { headers, body: Buffer.from(text), nowMs };
}

/** A pair of keys as fal has them, and the public one as its JWKS document shows it. */
export function falKeys(): { readonly privateKey: KeyObject; readonly jwk: unknown } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, jwk: publicKey.export({ format: 'jwk' }) };
}

/** A callback as fal signs it. */
export function falWebhook(text: string, key: KeyObject, atMs = nowMs): CallbackRequest {
  const requestId = '80e732af-660e-45cd-bd63-580e4f2a94cc';
  const timestamp = String(Math.floor(atMs / 1000));
  const digest = createHash('sha256').update(text).digest('hex');
  const message = `${requestId}\nuser_1\n${timestamp}\n${digest}`;
  const headers = {
    'x-fal-webhook-request-id': requestId,
    'x-fal-webhook-user-id': 'user_1',
    'x-fal-webhook-timestamp': timestamp,
    'x-fal-webhook-signature': sign(null, Buffer.from(message), key).toString('hex'),
  };
  return { headers, body: Buffer.from(text), nowMs };
}
