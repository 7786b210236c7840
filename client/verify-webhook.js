/**
 * Verifies webhooks by the rules of Standard Webhooks (https://www.standardwebhooks.com), version 1 with HMAC-SHA256.
 * One file, nothing but WebCrypto: it runs in Node 20 and later, Cloudflare Workers, Deno, Bun and browsers.
 */

const TOLERANCE_MS = 5 * 60 * 1000;
const MAC_BYTES = 32;
/** A sender signs with two secrets at most; a header with more signatures than this is an attack on our time. */
const SIGNATURES_MAX = 16;

export class WebhookVerificationError extends Error {
  constructor(reason, message) {
    super(message);
    this.name = 'WebhookVerificationError';
    /** What is wrong, for programs; the list is in the declarations. */
    this.reason = reason;
  }
}

/** Gives the event of a genuine and recent webhook; throws a `WebhookVerificationError` for anything else. */
export async function verifyWebhook({
  secret,
  secrets = secret === undefined ? [] : [secret],
  headers,
  body,
  toleranceMs = TOLERANCE_MS,
  nowMs = Date.now(),
}) {
  if (secrets.length === 0) throw wrong('secret_missing', 'give a secret, or several as secrets');
  const bytes = bytesOf(body);
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = signaturesOf(headerOf(headers, 'webhook-signature'));
  checkTime(timestamp, toleranceMs, nowMs);
  const signed = join(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  if (!(await isSigned(secrets, signatures, signed))) {
    throw wrong(
      'signature_mismatch',
      'no signature is one of this body by a secret that is known here: it was sent by somebody else, changed on its way, signed with another secret, or parsed and written anew before it came here',
    );
  }
  return { id, timestamp: new Date(Number(timestamp) * 1000), payload: parsed(bytes) };
}

/** Every pair is compared, whatever the others gave; WebCrypto compares in a time that does not tell where two differ. */
async function isSigned(secrets, signatures, signed) {
  let genuine = false;
  for (const secret of secrets) {
    const key = await crypto.subtle.importKey(
      'raw',
      secretBytes(secret),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['verify'],
    );
    for (const signature of signatures) {
      if (await crypto.subtle.verify('HMAC', key, signature, signed)) genuine = true;
    }
  }
  return genuine;
}

function checkTime(timestamp, toleranceMs, nowMs) {
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw wrong('timestamp_invalid', 'webhook-timestamp is not a number of seconds since 1970');
  }
  const ageMs = nowMs - Number(timestamp) * 1000;
  const bounds = `the tolerance is ${toleranceMs / 1000} s; look at the clock of this machine`;
  if (ageMs > toleranceMs) {
    throw wrong('timestamp_too_old', `the webhook was signed ${ageMs / 1000} s ago; ${bounds}`);
  }
  if (ageMs < -toleranceMs) {
    throw wrong(
      'timestamp_too_new',
      `the webhook was signed ${-ageMs / 1000} s from now; ${bounds}`,
    );
  }
}

/** The signatures of a scheme that is known here; others may stand beside them. */
function signaturesOf(header) {
  const signatures = header
    .split(' ')
    .filter((part) => part.startsWith('v1,'))
    .slice(0, SIGNATURES_MAX)
    .map((part) => base64Bytes(part.slice(3)))
    .filter((bytes) => bytes !== null && bytes.length === MAC_BYTES);
  if (signatures.length === 0) {
    throw wrong('signature_missing', 'webhook-signature has no signature of the form v1,<base64>');
  }
  return signatures;
}

function headerOf(headers, name) {
  const value =
    typeof headers?.get === 'function'
      ? headers.get(name)
      : Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];
  const text = Array.isArray(value) ? value[0] : value;
  if (typeof text !== 'string' || text === '') {
    throw wrong('header_missing', `there is no header ${name}`);
  }
  return text;
}

/** A secret with its prefix or without, as base64. */
function secretBytes(secret) {
  const bytes = base64Bytes(String(secret).replace(/^whsec_/, ''));
  if (bytes !== null && bytes.length > 0) return bytes;
  throw wrong('secret_invalid', 'a secret is not whsec_ and base64');
}

function bytesOf(body) {
  if (typeof body === 'string') return new TextEncoder().encode(body);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  }
  throw wrong('body_not_raw', 'give the body as it came, as text or bytes, before it is parsed');
}

function parsed(bytes) {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw wrong('body_not_json', 'the signature is genuine, and the body is not JSON');
  }
}

function base64Bytes(text) {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

function join(left, right) {
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}

function wrong(reason, message) {
  return new WebhookVerificationError(reason, message);
}
