/**
 * How files of known types begin. Bytes are written in hexadecimal, `..` for any byte. The tables follow the WHATWG
 * MIME Sniffing Standard, section 6, and the formats' own specifications.
 */
type Signature = {
  readonly mimeType: string;
  readonly bytes: string;
  /** Where the bytes stand; at the beginning if absent. */
  readonly at?: number;
};

const SIGNATURES: readonly Signature[] = [
  { mimeType: 'image/png', bytes: '89504e470d0a1a0a' },
  { mimeType: 'image/jpeg', bytes: 'ffd8ff' },
  { mimeType: 'image/gif', bytes: '474946383761' },
  { mimeType: 'image/gif', bytes: '474946383961' },
  { mimeType: 'image/webp', bytes: '52494646........57454250' },
  { mimeType: 'image/bmp', bytes: '424d............0000' },
  { mimeType: 'image/tiff', bytes: '49492a00' },
  { mimeType: 'image/tiff', bytes: '4d4d002a' },
  { mimeType: 'image/x-icon', bytes: '00000100' },
  { mimeType: 'application/pdf', bytes: '255044462d' },
  { mimeType: 'audio/wav', bytes: '52494646........57415645' },
  { mimeType: 'video/x-msvideo', bytes: '52494646........41564920' },
  { mimeType: 'audio/aiff', bytes: '464f524d........41494646' },
  { mimeType: 'audio/flac', bytes: '664c6143' },
  { mimeType: 'audio/mpeg', bytes: '494433' },
  { mimeType: 'audio/amr', bytes: '2321414d52' },
  { mimeType: 'audio/midi', bytes: '4d546864' },
  { mimeType: 'application/gzip', bytes: '1f8b08' },
  { mimeType: 'application/zip', bytes: '504b0304' },
  { mimeType: 'application/zip', bytes: '504b0506' },
  { mimeType: 'application/x-7z-compressed', bytes: '377abcaf271c' },
  { mimeType: 'application/vnd.rar', bytes: '526172211a07' },
  { mimeType: 'application/x-ole-storage', bytes: 'd0cf11e0a1b11ae1' },
  { mimeType: 'application/x-elf', bytes: '7f454c46' },
  { mimeType: 'application/vnd.microsoft.portable-executable', bytes: '4d5a9000' },
  { mimeType: 'application/rtf', bytes: '7b5c72746631' },
  { mimeType: 'application/wasm', bytes: '0061736d01000000' },
];

/** Brands of ISO base media files (ISO/IEC 14496-12), in the box `ftyp`; all others are video. */
const BRANDS: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  avis: 'image/avif',
  heic: 'image/heic',
  heix: 'image/heic',
  mif1: 'image/heif',
  msf1: 'image/heif',
  'M4A ': 'audio/mp4',
  'M4B ': 'audio/mp4',
  'qt  ': 'video/quicktime',
};

/** The type that the first bytes tell; null when they tell none. */
export function signedType(head: Uint8Array): string | null {
  const found = SIGNATURES.find(({ bytes, at = 0 }) => beginsWith(head, bytes, at));
  if (found !== undefined) return found.mimeType;
  return isoMediaType(head) ?? oggType(head) ?? matroskaType(head) ?? frameType(head);
}

function beginsWith(head: Uint8Array, hex: string, at: number): boolean {
  if (head.length < at + hex.length / 2) return false;
  for (let index = 0; index < hex.length; index += 2) {
    const wanted = hex.slice(index, index + 2);
    if (wanted !== '..' && head[at + index / 2] !== Number.parseInt(wanted, 16)) return false;
  }
  return true;
}

function latin(head: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...head.subarray(from, to));
}

function isoMediaType(head: Uint8Array): string | null {
  if (latin(head, 4, 8) !== 'ftyp') return null;
  return BRANDS[latin(head, 8, 12)] ?? 'video/mp4';
}

/** An Ogg page (RFC 3533) whose first packet names its codec; a video has one of the codecs for pictures. */
function oggType(head: Uint8Array): string | null {
  if (latin(head, 0, 4) !== 'OggS') return null;
  return latin(head, 28, 36).includes('theora') ? 'video/ogg' : 'audio/ogg';
}

/** An EBML header (RFC 8794) with its document type somewhere in the first bytes. */
function matroskaType(head: Uint8Array): string | null {
  if (!beginsWith(head, '1a45dfa3', 0)) return null;
  return latin(head, 0, 64).includes('webm') ? 'video/webm' : 'video/x-matroska';
}

/**
 * Frames without a header before them: MPEG audio and ADTS (ISO/IEC 11172-3, 13818-7). Eleven bits that are all set,
 * then a layer, and for MPEG audio a bit rate and a sampling rate that exist.
 */
function frameType(head: Uint8Array): string | null {
  const [first = 0, second = 0, third = 0] = head;
  if (first !== 0xff || (second & 0xe0) !== 0xe0) return null;
  if ((second & 0xf6) === 0xf0) return 'audio/aac';
  return isLayerTwoOrThree(second) && hasRates(third) ? 'audio/mpeg' : null;
}

/** Layer I is not in use, and its first bytes are the mark of UTF-16. */
function isLayerTwoOrThree(second: number): boolean {
  const layer = (second >> 1) & 3;
  return layer === 1 || layer === 2;
}

function hasRates(third: number): boolean {
  const bitRate = third >> 4;
  return bitRate !== 0 && bitRate !== 15 && ((third >> 2) & 3) !== 3;
}
