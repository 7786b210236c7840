/** Signatures of callbacks, as the vendors make them. */
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';

/** What Replicate signs its webhooks with: the value for `REPLICATE_WEBHOOK_SECRET`. */
export const simulatedWebhookSecret = `whsec_${Buffer.from('the simulator signs with this').toString('base64')}`;

/** Standard Webhooks: an HMAC-SHA256 over id, time and body. */
export function standardWebhookHeaders(text: string, id: string): Record<string, string> {
  const timestamp = secondsNow();
  const key = Buffer.from(simulatedWebhookSecret.slice('whsec_'.length), 'base64');
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${mac}`,
  };
}

const falKeys = generateKeyPairSync('ed25519');

/** fal's public keys, as `GET /fal/.well-known/jwks.json` gives them to anyone. */
export const falJwksPath = '/fal/.well-known/jwks.json';
export const falJwks = { keys: [falKeys.publicKey.export({ format: 'jwk' })] };

/** fal: Ed25519 over the ids, the time and the body's hash. */
export function falWebhookHeaders(text: string, requestId: string): Record<string, string> {
  const timestamp = secondsNow();
  const digest = createHash('sha256').update(text).digest('hex');
  const message = `${requestId}\nsim-user\n${timestamp}\n${digest}`;
  return {
    'x-fal-webhook-request-id': requestId,
    'x-fal-webhook-user-id': 'sim-user',
    'x-fal-webhook-timestamp': timestamp,
    'x-fal-webhook-signature': sign(null, Buffer.from(message), falKeys.privateKey).toString('hex'),
  };
}

function secondsNow(): string {
  return String(Math.floor(Date.now() / 1000));
}
