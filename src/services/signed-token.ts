import { z } from 'zod';

import { base64ToBytes, bytesToBase64Url } from '../domain/bytes.ts';
import type { Json } from '../domain/json.ts';
import { derivedKey } from './derived-key.ts';

/**
 * What a token is for. A token of one purpose is worthless for another: each purpose has a key of its own.
 * Tokens live outside, in URLs: append, never rename.
 */
type TokenPurpose = 'file' | 'callback';

type TokenVerdict =
  | { readonly kind: 'valid'; readonly payload: Json }
  /** It was ours, and its time is over. */
  | { readonly kind: 'expired' }
  /** Not a token, changed on its way, of another purpose, or signed with a secret that is no longer known. */
  | { readonly kind: 'invalid' };

/**
 * Tokens that carry a small value through other people's hands, in a URL: readable by anyone, made by nobody else.
 * The payload is signed, not encrypted: put no secret into it.
 */
export type SignedTokens = {
  /** A token that holds until `expiresAtMs` (whole milliseconds since 1970); URL-safe without escaping. */
  sign(purpose: TokenPurpose, payload: Json, expiresAtMs: number): Promise<string>;
  verify(purpose: TokenPurpose, token: string, nowMs: number): Promise<TokenVerdict>;
};

/** A secret below this can be guessed at leisure by whoever holds one token. */
export const SIGNING_SECRET_CHARACTERS_MIN = 32;
const TOKEN_CHARACTERS_MAX = 4_096;

/** `v1.<claims>.<signature>`, both base64url (RFC 4648, section 5) without padding. */
const TOKEN = /^v1\.([A-Za-z0-9_-]{1,4000})\.([A-Za-z0-9_-]{43})$/;
const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const;

/** The field names are short because they stand in URLs: the payload, and the moment of expiry. */
const claimsSchema = z.object({ p: z.json(), x: z.int() });

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Signs with `secret`; accepts what was signed with `secret` or with `previous`, so that a secret is replaced
 * without breaking the tokens that are out: the old one stays `previous` until they have expired.
 */
export function makeSignedTokens(secret: string, previous: string | null): SignedTokens {
  const current = keyRing(secret);
  const rings = previous === null ? [current] : [current, keyRing(previous)];
  return {
    async sign(purpose, payload, expiresAtMs) {
      const claims = bytesToBase64Url(
        encoder.encode(JSON.stringify({ p: payload, x: expiresAtMs })),
      );
      const signature = await crypto.subtle.sign(HMAC, await current(purpose), signed(claims));
      const token = `v1.${claims}.${bytesToBase64Url(new Uint8Array(signature))}`;
      if (token.length > TOKEN_CHARACTERS_MAX) throw new RangeError('too much for a token');
      return token;
    },
    async verify(purpose, token, nowMs) {
      const [, claims, signature] = TOKEN.exec(token) ?? [];
      if (claims === undefined || signature === undefined) return { kind: 'invalid' };
      for (const ring of rings) {
        if (await isGenuine(await ring(purpose), claims, signature)) return judge(claims, nowMs);
      }
      return { kind: 'invalid' };
    },
  };
}

/** WebCrypto's own comparison takes a time that does not depend on where the signatures differ. */
function isGenuine(key: CryptoKey, claims: string, signature: string): Promise<boolean> {
  return crypto.subtle.verify(HMAC, key, fromBase64Url(signature), signed(claims));
}

function judge(claims: string, nowMs: number): TokenVerdict {
  const parsed = claimsSchema.parse(JSON.parse(decoder.decode(fromBase64Url(claims))));
  return nowMs < parsed.x ? { kind: 'valid', payload: parsed.p } : { kind: 'expired' };
}

function signed(claims: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encoder.encode(`v1.${claims}`));
}

/** The keys of one secret, each derived when its purpose is first met. */
function keyRing(secret: string): (purpose: TokenPurpose) => Promise<CryptoKey> {
  const keys = new Map<TokenPurpose, CryptoKey>();
  return async (purpose) => {
    const known = keys.get(purpose);
    if (known !== undefined) return known;
    const key = await derivedKey(secret, `penstock token ${purpose}`, HMAC, ['sign', 'verify']);
    keys.set(purpose, key);
    return key;
  };
}

/** Only ever given what has the characters of base64url, and a length that it can have where it is ours. */
function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const bytes = base64ToBytes(text.replaceAll('-', '+').replaceAll('_', '/'));
  if (bytes === null) throw new Error('not base64url');
  return bytes;
}
