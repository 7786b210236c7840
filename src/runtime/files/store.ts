import { fileKey, type FileId } from '../../domain/file.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { FilePart, Files } from '../../services/ports/values/files.ts';
import { R2FileWriter } from './file-writer.ts';
import { bytesKey, fromCustomMetadata, toCustomMetadata, type StoredFile } from './stored-meta.ts';

/** Files in R2. What is known of a file lies with it, so that reading one asks nobody else. */
export function makeFiles(bucket: R2Bucket, nowMs: () => number): Files {
  return {
    async find(project, id) {
      return (await stored(bucket, project, id))?.meta ?? null;
    },
    async head(project, id) {
      return (await live(bucket, project, id, nowMs()))?.meta ?? null;
    },
    async open(project, id, part) {
      const file = await live(bucket, project, id, nowMs());
      const object = file && (await body(bucket, project, file, part ?? null));
      return object && file && { meta: file.meta, stream: object.body };
    },
    async read(project, id) {
      const file = await live(bucket, project, id, nowMs());
      const object = file && (await body(bucket, project, file, null));
      return object && new Uint8Array(await object.arrayBuffer());
    },
    async putBytes(project, meta, bytes) {
      await bucket.put(fileKey(project, meta.id), bytes, {
        httpMetadata: { contentType: meta.mimeType },
        customMetadata: toCustomMetadata(meta, false),
      });
    },
    begin: (project, id) => new R2FileWriter(bucket, project, id),
    async delete(project, id) {
      const key = fileKey(project, id);
      await bucket.delete([key, bytesKey(key)]);
    },
  };
}

async function stored(
  bucket: R2Bucket,
  project: ProjectId,
  id: FileId,
): Promise<StoredFile | null> {
  const object = await bucket.head(fileKey(project, id));
  return object === null ? null : fromCustomMetadata(id, object.customMetadata);
}

async function live(
  bucket: R2Bucket,
  project: ProjectId,
  id: FileId,
  nowMs: number,
): Promise<StoredFile | null> {
  const file = await stored(bucket, project, id);
  const expiresAtMs = file?.meta.expiresAtMs ?? null;
  return expiresAtMs === null || nowMs < expiresAtMs ? file : null;
}

function body(
  bucket: R2Bucket,
  project: ProjectId,
  { apart, meta }: StoredFile,
  part: FilePart | null,
): Promise<R2ObjectBody | null> {
  const key = fileKey(project, meta.id);
  return bucket.get(apart ? bytesKey(key) : key, part === null ? {} : { range: part });
}
