const encoder = new TextEncoder();

/** What comes of a secret for one purpose, by HKDF (RFC 5869). Others keep what comes of it: never change how. */
function hkdf(purpose: string) {
  return {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: encoder.encode(purpose),
  };
}

function sourceOf(secret: string, use: 'deriveKey' | 'deriveBits'): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, [use]);
}

/** A key of 256 bits. */
export async function derivedKey(
  secret: string,
  purpose: string,
  algorithm: { readonly name: 'HMAC'; readonly hash: 'SHA-256' } | { readonly name: 'AES-GCM' },
  uses: readonly ('sign' | 'verify' | 'encrypt' | 'decrypt')[],
): Promise<CryptoKey> {
  const source = await sourceOf(secret, 'deriveKey');
  const shape = { ...algorithm, length: 256 };
  return crypto.subtle.deriveKey(hkdf(purpose), source, shape, false, [...uses]);
}

/** 32 bytes. */
export async function derivedBytes(secret: string, purpose: string): Promise<Uint8Array> {
  const source = await sourceOf(secret, 'deriveBits');
  return new Uint8Array(await crypto.subtle.deriveBits(hkdf(purpose), source, 256));
}
