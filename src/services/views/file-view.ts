import { z } from 'zod';

import { jobOfFile, type FileMeta } from '../../domain/file.ts';
import { isoTime } from '../../domain/wire.ts';
import { time } from './fields.ts';

export const fileSchema = z
  .object({
    object: z.literal('file'),
    id: z.string().meta({ description: 'Stands in inputs wherever a file is meant' }),
    name: z.string().nullable(),
    mime_type: z.string().meta({
      description: 'As the bytes tell, or as declared where they do not',
      example: 'image/png',
    }),
    bytes: z.int(),
    sha256: z.string().meta({ description: 'Of the bytes, in hexadecimal' }),
    job: z.string().nullable().meta({ description: 'The job it belongs to; null for an upload' }),
    created_at: time,
    expires_at: time.nullable().meta({
      description: 'Null for a file that lives as long as its job’s payloads',
    }),
    urls: z.object({ self: z.string(), content: z.string() }),
  })
  .meta({ id: 'File' });

export type FileView = z.infer<typeof fileSchema>;

export function fileView(meta: FileMeta): FileView {
  const { id, name, mimeType, bytes, sha256, createdAtMs, expiresAtMs } = meta;
  return {
    object: 'file',
    id,
    name,
    mime_type: mimeType,
    bytes,
    sha256,
    job: jobOfFile(id),
    created_at: isoTime(createdAtMs),
    expires_at: expiresAtMs === null ? null : isoTime(expiresAtMs),
    urls: { self: `/v1/files/${id}`, content: `/v1/files/${id}/content` },
  };
}
