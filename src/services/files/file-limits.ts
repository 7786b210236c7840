import { duration, SECOND, DAY } from '../../domain/definition/definition-parts.ts';

/** What a deployment accepts as a file. */
export type FileLimits = {
  /** The most bytes of one upload. */
  readonly bytesMax: number;
  /** Types in lower case; `image/*` stands for all images. */
  readonly types: readonly string[];
};

export const EXPIRY_DEFAULT_MS = 7 * DAY;
/** Uploads live at most this long: the lifecycle rule of the bucket may delete what is older. */
const EXPIRY_MAX_MS = 90 * DAY;
export const expiresInField = duration(SECOND, EXPIRY_MAX_MS, '1s and 90d');

/** Cloudflare takes bodies of 100 MB, more on larger plans; what lies above is refused before it reaches a Worker. */
export const FILE_BYTES_DEFAULT = 100_000_000;

export const FILE_TYPES_DEFAULT: readonly string[] = [
  'image/*',
  'audio/*',
  'video/*',
  'text/*',
  'application/pdf',
  'application/json',
  'application/*+json',
  'application/x-ndjson',
  'application/jsonl',
  'application/xml',
  'application/*+xml',
  'application/yaml',
  'application/x-yaml',
  'application/rtf',
  'application/epub+zip',
  'application/msword',
  'application/vnd.ms-excel',
  'application/vnd.ms-powerpoint',
  'application/vnd.oasis.opendocument.*',
  'application/vnd.openxmlformats-officedocument.*',
];

/** True for a type that one of the patterns names; `*` stands for anything. */
export function matchesType(mimeType: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const [before = '', after] = pattern.split('*', 2);
    if (after === undefined) return mimeType === before;
    return (
      mimeType.length >= before.length + after.length &&
      mimeType.startsWith(before) &&
      mimeType.endsWith(after)
    );
  });
}
