import { z } from 'zod';

import { isFileId, type FileId, type FileMeta } from '../../domain/file.ts';

/**
 * What R2 keeps beside a file, as one JSON text in its custom metadata. PERSISTED CONTRACT: new fields are optional.
 * `apart` is true for a file that came in parts: its bytes lie in an object of their own, because the metadata of
 * a multipart upload is fixed before the hash is known.
 */
const storedSchema = z.object({
  name: z.string().nullable(),
  mime_type: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  created_at_ms: z.int(),
  expires_at_ms: z.int().nullable(),
  apart: z.boolean().optional(),
});

export type StoredFile = { readonly meta: FileMeta; readonly apart: boolean };

/** The key under which the bytes of a file lie that came in parts. */
export function bytesKey(key: string): string {
  return `${key}/bytes`;
}

export function toCustomMetadata(
  { name, mimeType, bytes, sha256, createdAtMs, expiresAtMs }: FileMeta,
  apart: boolean,
): Record<string, string> {
  const stored: z.input<typeof storedSchema> = {
    name,
    mime_type: mimeType,
    bytes,
    sha256,
    created_at_ms: createdAtMs,
    expires_at_ms: expiresAtMs,
    ...(apart ? { apart } : {}),
  };
  return { file: ascii(JSON.stringify(stored)) };
}

/** Null for an object that is no file. */
export function fromCustomMetadata(
  id: FileId,
  metadata: Readonly<Record<string, string>> | undefined,
): StoredFile | null {
  const text = metadata?.['file'];
  if (text === undefined || !isFileId(id)) return null;
  const stored = storedSchema.parse(JSON.parse(text));
  return {
    apart: stored.apart === true,
    meta: {
      id,
      name: stored.name,
      mimeType: stored.mime_type,
      bytes: stored.bytes,
      sha256: stored.sha256,
      createdAtMs: stored.created_at_ms,
      expiresAtMs: stored.expires_at_ms,
    },
  };
}

/** Metadata travels as headers do: everything beyond ASCII is escaped, as JSON allows. */
function ascii(json: string): string {
  return json.replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
