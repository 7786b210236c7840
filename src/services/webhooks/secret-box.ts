import { base64ToBytes, bytesToBase64 } from '../../domain/bytes.ts';
import { derivedKey } from '../derived-key.ts';

/**
 * Keeps small secrets, such as those of webhook endpoints, unreadable in a database. A sealed text opens only in its own
 * context, so that what is copied into another row stays shut.
 */
export type SecretBox = {
  seal(text: string, context: string): Promise<string>;
  /** Null for what was changed, moved to another context, or sealed under a secret that is no longer known. */
  open(sealed: string, context: string): Promise<string | null>;
  /** The same text, sealed under the present secret; null for what is sealed under it already, and for what does not open. */
  renew(sealed: string, context: string): Promise<string | null>;
};

/** `v1.` and, in base64, a nonce of 12 bytes followed by AES-GCM's ciphertext and tag (NIST SP 800-38D). */
const SEALED = /^v1\.([A-Za-z0-9+/]+={0,2})$/;
const NONCE_BYTES = 12;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Seals with a key derived from `secret`, the deployment's `SIGNING_SECRET`; opens what was sealed under it or under
 * `previous`. What is not renewed by the time that `previous` is forgotten is lost.
 */
export function makeSecretBox(secret: string, previous: string | null): SecretBox {
  const current = remembered(secret);
  const keys = previous === null ? [current] : [current, remembered(previous)];
  const seal = async (text: string, context: string): Promise<string> => {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const key = await current();
    const sealed = await crypto.subtle.encrypt(gcm(nonce, context), key, encoder.encode(text));
    return `v1.${bytesToBase64(new Uint8Array([...nonce, ...new Uint8Array(sealed)]))}`;
  };
  return {
    seal,
    open: (sealed, context) => openedByAny(keys, sealed, context),
    async renew(sealed, context) {
      if ((await openedByAny([current], sealed, context)) !== null) return null;
      const text = await openedByAny(keys, sealed, context);
      return text === null ? null : seal(text, context);
    },
  };
}

async function openedByAny(
  keys: readonly (() => Promise<CryptoKey>)[],
  sealed: string,
  context: string,
): Promise<string | null> {
  const body = SEALED.exec(sealed)?.[1];
  const bytes = body === undefined ? null : base64ToBytes(body);
  if (bytes === null) return null;
  for (const key of keys) {
    const text = await opened(await key(), bytes, context);
    if (text !== null) return text;
  }
  return null;
}

/** The box of a deployment without a `SIGNING_SECRET`: nothing goes in, and what is in stays in. */
export const shutBox: SecretBox = {
  seal: () => Promise.reject(new Error('there is no SIGNING_SECRET to seal with')),
  open: async () => null,
  renew: async () => null,
};

async function opened(
  key: CryptoKey,
  bytes: Uint8Array<ArrayBuffer>,
  context: string,
): Promise<string | null> {
  const nonce = bytes.slice(0, NONCE_BYTES);
  try {
    const text = await crypto.subtle.decrypt(gcm(nonce, context), key, bytes.slice(NONCE_BYTES));
    return decoder.decode(text);
  } catch {
    return null;
  }
}

function gcm(iv: Uint8Array<ArrayBuffer>, context: string) {
  return { name: 'AES-GCM', iv, additionalData: encoder.encode(context) };
}

/** The key is derived when it is first needed. */
function remembered(secret: string): () => Promise<CryptoKey> {
  let key: CryptoKey | null = null;
  return async () => {
    key ??= await derived(secret);
    return key;
  };
}

function derived(secret: string): Promise<CryptoKey> {
  return derivedKey(secret, 'penstock stored secrets', { name: 'AES-GCM' }, ['encrypt', 'decrypt']);
}
