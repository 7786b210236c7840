import { base64ToBytes, bytesToBase64 } from '../../../domain/bytes.ts';

/** A delivery as its receiver can verify it. */
export type Signed = {
  /** `webhook-id`: the announcement's, the same for all its tries. */
  readonly id: string;
  /** `webhook-timestamp`: of this try, in seconds since 1970. */
  readonly timestampS: number;
  readonly body: string;
};

const encoder = new TextEncoder();
const KEYS_MAX = 1_000;
const keys = new Map<string, CryptoKey>();

/**
 * The header `webhook-signature`: `v1,` and base64 of HMAC-SHA256 over id, timestamp and body with dots between, for each
 * secret that is in force, with spaces between (Standard Webhooks, symmetric signatures).
 */
export async function signatureOf(
  secrets: readonly string[],
  { id, timestampS, body }: Signed,
): Promise<string> {
  const content = encoder.encode(`${id}.${timestampS}.${body}`);
  const signatures = await Promise.all(
    secrets.map(async (secret) => {
      const signature = await crypto.subtle.sign('HMAC', await keyOf(secret), content);
      return `v1,${bytesToBase64(new Uint8Array(signature))}`;
    }),
  );
  return signatures.join(' ');
}

/** Keys are kept: imported once for a secret, not for each delivery. */
async function keyOf(secret: string): Promise<CryptoKey> {
  const known = keys.get(secret);
  if (known !== undefined) return known;
  const bytes = base64ToBytes(secret.replace(/^whsec_/, ''));
  if (bytes === null) throw new Error('a webhook secret is not base64');
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', bytes, hmac, false, ['sign']);
  if (keys.size >= KEYS_MAX) keys.clear();
  keys.set(secret, key);
  return key;
}
