import { isJsonObject, type Json } from '../../domain/json.ts';
import { isTimely } from '../callbacks/time-window.ts';
import { base64ToBytes } from '../../domain/bytes.ts';
import { exchange, type FetchLike } from '../http/exchange.ts';
import type { CallbackRequest, CallbackVerdict } from '../port.ts';
import { objectsAt, textAt } from '../shared/json-fields.ts';

const ED25519 = { name: 'Ed25519' } as const;
const HOUR_MS = 3_600_000;
/** fal asks that its keys be kept no longer. */
const keysMaxAgeMs = 24 * HOUR_MS;
/** Keys that fit nothing may have been replaced; they are fetched anew at most this often. */
const keysMinAgeMs = 60_000;
const fetchTimeoutMs = 5_000;
const keysMax = 16;

type Keys = { readonly fetchedAtMs: number; readonly keys: readonly CryptoKey[] };

/**
 * Checks fal's signature: Ed25519, in hexadecimal, over the request's id, the user's id, the time and the SHA-256 of
 * the body in hexadecimal, a line each. The public keys come from a JWKS document (RFC 8037) and stay in memory.
 */
export function makeSignatureCheck(
  fetch: FetchLike,
  jwksUrl: string,
): (request: CallbackRequest) => Promise<CallbackVerdict> {
  let cached: Keys | null = null;

  async function keysYoungerThan(maxAgeMs: number, nowMs: number): Promise<Keys | null> {
    if (cached !== null && nowMs - cached.fetchedAtMs < maxAgeMs) return cached;
    const keys = await fetchKeys(fetch, jwksUrl);
    if (keys === null) return null;
    cached = { keys, fetchedAtMs: nowMs };
    return cached;
  }

  return async (request) => {
    const signed = await readSigned(request);
    if (signed === null) return refused('the callback lacks its ids, its time or its signature');
    if (!isTimely(signed.timestamp, request.nowMs)) return refused('the callback is too old');
    const first = await keysYoungerThan(keysMaxAgeMs, request.nowMs);
    if (first === null) return refused('the keys that sign callbacks could not be fetched');
    if (await fitsAny(first, signed)) return { kind: 'genuine' };
    const fresh = await keysYoungerThan(keysMinAgeMs, request.nowMs);
    const fits = fresh !== null && fresh !== first && (await fitsAny(fresh, signed));
    return fits ? { kind: 'genuine' } : refused('the signature of the callback does not fit');
  };
}

type Signed = {
  readonly timestamp: string;
  readonly signature: Uint8Array<ArrayBuffer>;
  readonly message: Uint8Array<ArrayBuffer>;
};

async function readSigned({ headers, body }: CallbackRequest): Promise<Signed | null> {
  const requestId = headers['x-fal-webhook-request-id'] ?? '';
  const userId = headers['x-fal-webhook-user-id'] ?? '';
  const timestamp = headers['x-fal-webhook-timestamp'] ?? '';
  const signature = fromHex(headers['x-fal-webhook-signature'] ?? '');
  if (requestId === '' || userId === '' || signature === null) return null;
  const digest = toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', body.slice())));
  const text = [requestId, userId, timestamp, digest].join('\n');
  return { timestamp, signature, message: new TextEncoder().encode(text).slice() };
}

async function fitsAny({ keys }: Keys, { signature, message }: Signed): Promise<boolean> {
  const verdicts = await Promise.all(
    keys.map((key) => crypto.subtle.verify(ED25519, key, signature, message)),
  );
  return verdicts.includes(true);
}

async function fetchKeys(fetch: FetchLike, url: string): Promise<readonly CryptoKey[] | null> {
  const evidence = await exchange(
    { fetch, baseUrl: url, headers: { accept: 'application/json' } },
    { method: 'GET', path: '', headers: {}, body: {} },
    {
      signal: AbortSignal.timeout(fetchTimeoutMs),
      idempotencyKey: '',
      headers: {},
      onHeaders: () => undefined,
    },
    null,
  );
  if (evidence.kind !== 'reply' || evidence.reply.status >= 300) return null;
  const keys = await Promise.all(keyBytesIn(evidence.reply.body).map(importKey));
  const usable = keys.filter((key) => key !== null);
  return usable.length === 0 ? null : usable;
}

function keyBytesIn(body: Json): readonly Uint8Array<ArrayBuffer>[] {
  const keys = isJsonObject(body) ? objectsAt(body, 'keys') : [];
  return keys.slice(0, keysMax).flatMap((key) => {
    const text = (textAt(key, 'x') ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const bytes = base64ToBytes(text);
    return bytes?.length === 32 ? [bytes.slice()] : [];
  });
}

/** Bytes that are no point on the curve are no key. */
async function importKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey | null> {
  try {
    return await crypto.subtle.importKey('raw', bytes, ED25519, false, ['verify']);
  } catch {
    return null;
  }
}

function fromHex(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^(?:[0-9a-f]{2}){64}$/i.test(text)) return null;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function refused(reason: string): CallbackVerdict {
  return { kind: 'refused', reason };
}
