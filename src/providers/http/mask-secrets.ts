import { bytesToBase64 } from '../../domain/bytes.ts';

const MASK = '***';

/** What keys of the known vendors look like, for a key that is not ours but should not be shown either. */
const keyLike = [
  // OpenAI, Anthropic (`sk-ant-…`), OpenRouter, Groq, Replicate, xAI, Together.
  /\b(?:sk|gsk|pk|rk|r8|xai|tgp)[-_][\w-]{8,}/g,
  // Jina, Hugging Face, Voyage.
  /\b(?:jina|hf)_\w{16,}/g,
  /\bpa-(?=[\w-]{0,64}\d)[\w-]{24,}/g,
  // Google: API keys and access tokens.
  /\bAIza[\w-]{20,}/g,
  /\bya29\.[\w.-]+/g,
  // Signed tokens (RFC 7519).
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  // fal: an id and a secret.
  /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{16,}/gi,
];
const bearer = /\bBearer\s+[^\s"',;]+/gi;
/** Keys without a shape of their own (Deepgram, AssemblyAI, Cloudflare, Cohere, Mistral) show by what is before them. */
const named =
  /\b((?:api[-_ ]?key|x-goog-api-key|authorization|token|key|secret)\b["'\s:=]+(?:(?:Token|Key|Basic)\s+)?["']?)(?=[^\s"',;]{0,256}\d)[\w.:~+/=-]{16,512}/gi;

/** Takes secrets out of a text that someone else wrote, ours in every spelling, and whatever looks like a key. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  let masked = maskOwnSecrets(text, secrets).replaceAll(bearer, `Bearer ${MASK}`);
  for (const shape of keyLike) masked = masked.replaceAll(shape, MASK);
  return masked.replaceAll(named, `$1${MASK}`);
}

/** Takes our own secrets out of a text, however they are spelled there, and nothing else. */
export function maskOwnSecrets(text: string, secrets: readonly string[]): string {
  let masked = text;
  for (const secret of secrets) {
    for (const spelling of spellingsOf(secret)) masked = masked.replaceAll(spelling, MASK);
  }
  return masked;
}

/** Below this a part of a secret, or what it is encoded to, may be any word. */
const PART_MIN = 12;
const KNOWN_MAX = 200;
const known = new Map<string, readonly string[]>();

/**
 * A secret as it is, in a URL, in JSON, in base64 wherever it begins there, and the second half of a pair (`id:secret`);
 * longest first, so that none leaves a rest of another.
 */
function spellingsOf(secret: string): readonly string[] {
  const before = known.get(secret);
  if (before !== undefined) return before;
  const halves = secret.split(':').slice(1);
  const parts = halves.flatMap((half) => (half.length >= PART_MIN ? spellings(half) : []));
  const all = [...new Set([...spellings(secret), ...parts])];
  const sorted = all.filter((text) => text !== '').toSorted((a, b) => b.length - a.length);
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(secret, sorted);
  return sorted;
}

function spellings(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    ...(secret.length >= PART_MIN ? base64Spellings(secret) : []),
  ];
}

/** Base64 has three spellings, by how many bytes are before the text; the characters it shares are left out. */
function base64Spellings(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret);
  return [0, 1, 2].flatMap((before) => {
    const padded = new Uint8Array(before + bytes.length);
    padded.set(bytes, before);
    const whole = Math.floor((padded.length * 8) / 6);
    const text = bytesToBase64(padded).slice(Math.ceil((before * 8) / 6), whole);
    return [text, text.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
