import { base64ToBytes, concatBytes } from '../../domain/bytes.ts';
import type { CallbackRequest, CallbackVerdict } from '../port.ts';
import { isTimely } from './time-window.ts';

const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const;
const secretPrefix = 'whsec_';
/** During a change of secrets a sender signs with each of them. */
const signaturesMax = 10;

/**
 * Checks a signature by the Standard Webhooks specification (standardwebhooks.com): `webhook-signature` has entries
 * `v1,<base64>` between spaces, each an HMAC-SHA256 over `id.timestamp.body` with the base64 key that follows
 * `whsec_`. One that fits is enough. The comparison takes a time that does not depend on where signatures differ.
 */
export async function verifyStandardWebhook(
  { headers, body, nowMs }: CallbackRequest,
  secret: string,
): Promise<CallbackVerdict> {
  const id = headers['webhook-id'] ?? '';
  const timestamp = headers['webhook-timestamp'] ?? '';
  const signatures = signaturesIn(headers['webhook-signature'] ?? '');
  if (id === '' || signatures.length === 0) {
    return refused('the callback lacks its id or a signature of version 1');
  }
  if (!isTimely(timestamp, nowMs)) return refused('the callback has no time, or is too old');
  const key = await keyOf(secret);
  if (key === null) return refused('the secret for callbacks is not of the form whsec_<base64>');
  const signed = concatBytes([new TextEncoder().encode(`${id}.${timestamp}.`), body]);
  const fits = await fitsAny(key, signatures, signed.slice());
  return fits ? { kind: 'genuine' } : refused('no signature of the callback fits');
}

async function fitsAny(
  key: CryptoKey,
  signatures: readonly Uint8Array<ArrayBuffer>[],
  signed: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const verdicts = await Promise.all(
    signatures.map((signature) => crypto.subtle.verify(HMAC, key, signature, signed)),
  );
  return verdicts.includes(true);
}

function signaturesIn(header: string): readonly Uint8Array<ArrayBuffer>[] {
  return header
    .split(' ')
    .filter((entry) => entry.startsWith('v1,'))
    .slice(0, signaturesMax)
    .flatMap((entry) => base64ToBytes(entry.slice('v1,'.length))?.slice() ?? []);
}

async function keyOf(secret: string): Promise<CryptoKey | null> {
  const text = secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : secret;
  const bytes = base64ToBytes(text);
  if (bytes === null || bytes.length === 0) return null;
  return crypto.subtle.importKey('raw', bytes.slice(), HMAC, false, ['verify']);
}

function refused(reason: string): CallbackVerdict {
  return { kind: 'refused', reason };
}
