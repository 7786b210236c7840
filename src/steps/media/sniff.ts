import { signedType } from './signatures.ts';

/** What the first bytes of a file tell of its type. */
export type Sniffed =
  | { readonly kind: 'type'; readonly mimeType: string }
  /** Characters: which kind of text, the bytes do not tell. */
  | { readonly kind: 'text' }
  | { readonly kind: 'unknown' };

/** As many of the first bytes as `sniff` looks at. */
export const SNIFF_BYTES = 1_024;

export type Agreed =
  | { readonly ok: true; readonly mimeType: string }
  /** `found` is a type, or `text`, or `other` for bytes that are not what was declared and nothing else known. */
  | { readonly ok: false; readonly declared: string; readonly found: string };

const UNDECLARED = 'application/octet-stream';

/** Names for the same thing; the first is the one that is kept. */
const ALIASES: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'image/pjpeg': 'image/jpeg',
  'image/x-png': 'image/png',
  'image/x-ms-bmp': 'image/bmp',
  'image/vnd.microsoft.icon': 'image/x-icon',
  'audio/mp3': 'audio/mpeg',
  'audio/x-mp3': 'audio/mpeg',
  'audio/x-mpeg': 'audio/mpeg',
  'audio/x-wav': 'audio/wav',
  'audio/wave': 'audio/wav',
  'audio/vnd.wave': 'audio/wav',
  'audio/x-flac': 'audio/flac',
  'audio/x-aiff': 'audio/aiff',
  'audio/x-m4a': 'audio/mp4',
  'audio/m4a': 'audio/mp4',
  'audio/aacp': 'audio/aac',
  'audio/opus': 'audio/ogg',
  'application/ogg': 'audio/ogg',
  'application/x-pdf': 'application/pdf',
  'application/x-gzip': 'application/gzip',
  'application/x-zip-compressed': 'application/zip',
  'text/json': 'application/json',
};

/** Containers that hold what is declared as well as what is found: one set of bytes, several honest names. */
const CONTAINERS: Readonly<Record<string, RegExp>> = {
  'video/mp4': /^(video|audio)\/(mp4|3gpp2?|x-m4v|quicktime)$/,
  'audio/mp4': /^(video|audio)\/mp4$/,
  'video/quicktime': /^video\/(quicktime|mp4)$/,
  'image/heif': /^image\/(heic|heif|avif)$/,
  'image/heic': /^image\/(heic|heif)$/,
  'video/webm': /^(video|audio)\/webm$/,
  'video/x-matroska': /^(video|audio)\/x-matroska$/,
  'audio/ogg': /^(video|audio)\/ogg$/,
  'video/ogg': /^(video|audio)\/ogg$/,
  'application/zip':
    /^application\/(zip|epub\+zip|vnd\.openxmlformats-officedocument\..+|vnd\.oasis\.opendocument\..+|java-archive)$/,
  'application/x-ole-storage': /^application\/(msword|vnd\.ms-.+)$/,
  'application/rtf': /^(application|text)\/rtf$/,
};

/** Types whose files always begin in a known way: bytes that do not are something else. */
const ALWAYS_SIGNED =
  /^(image\/(png|jpeg|gif|webp|bmp|tiff|avif|heic|heif|x-icon)|audio\/(wav|flac|ogg|aiff|mp4|webm|amr)|video\/(mp4|webm|ogg|quicktime|x-matroska|x-msvideo)|application\/(pdf|zip|gzip|epub\+zip|vnd\.openxmlformats-.+))$/;

const TEXTUAL =
  /^(text\/.+|(image|model)\/.+\+xml|audio\/(x-)?mpegurl|application\/(.+\+)?(json|xml|yaml)|application\/(x-)?(ndjson|jsonl|yaml|toml|javascript|sql|rtf|subrip))$/;

const PICTURE_OR_SOUND = /^(image|audio|video|font)\//;

/** A type in lower case, without parameters, under its usual name; null for what is not a type. */
export function normalType(text: string): string | null {
  const bare = (text.split(';')[0] ?? '').trim().toLowerCase();
  if (!/^[a-z0-9][\w.+-]{0,63}\/[a-z0-9][\w.+-]{0,95}$/.test(bare)) return null;
  return ALIASES[bare] ?? bare;
}

/** Looks at the first bytes of a file, at most `SNIFF_BYTES` of which matter. `whole` if there are no more. */
export function sniff(head: Uint8Array, whole: boolean): Sniffed {
  const looked = head.subarray(0, SNIFF_BYTES);
  const mimeType = signedType(looked);
  if (mimeType !== null) return { kind: 'type', mimeType };
  return isText(looked, whole && looked.length === head.length)
    ? { kind: 'text' }
    : { kind: 'unknown' };
}

/** UTF-8 without control characters that no text has; UTF-16 by its mark. A character may be cut at the end. */
function isText(head: Uint8Array, whole: boolean): boolean {
  const [first, second] = head;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  if (head.some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27))) return false;
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(head, { stream: !whole });
    return true;
  } catch {
    return false;
  }
}

/**
 * The type that a file is kept under: what its bytes tell, where they tell; the declared one where they do not. Null
 * for `declared` means that nothing, or `application/octet-stream`, was declared.
 */
export function agreeOnType(declared: string | null, sniffed: Sniffed): Agreed {
  if (declared === null || declared === UNDECLARED) {
    return { ok: true, mimeType: undeclaredType(sniffed) };
  }
  if (isPossible(declared, sniffed)) return { ok: true, mimeType: declared };
  return { ok: false, declared, found: nameOf(sniffed) };
}

function nameOf(sniffed: Sniffed): string {
  if (sniffed.kind === 'type') return sniffed.mimeType;
  return sniffed.kind === 'text' ? 'text' : 'other';
}

function isPossible(declared: string, sniffed: Sniffed): boolean {
  if (sniffed.kind === 'type') return fits(declared, sniffed.mimeType);
  if (ALWAYS_SIGNED.test(declared)) return false;
  const textual = TEXTUAL.test(declared);
  return sniffed.kind === 'text' ? textual || !PICTURE_OR_SOUND.test(declared) : !textual;
}

function fits(declared: string, found: string): boolean {
  return declared === found || CONTAINERS[found]?.test(declared) === true;
}

function undeclaredType(sniffed: Sniffed): string {
  if (sniffed.kind === 'type') return sniffed.mimeType;
  return sniffed.kind === 'text' ? 'text/plain' : UNDECLARED;
}
