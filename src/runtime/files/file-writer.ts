import { concatBytes } from '../../domain/bytes.ts';
import { fileKey, type FileId, type FileMeta } from '../../domain/file.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { FileWriter } from '../../services/ports/values/files.ts';
import { bytesKey, toCustomMetadata } from './stored-meta.ts';

/** The size of the parts of an upload: R2 takes parts of 5 MiB or more, all but the last of one size. */
const PART_BYTES = 8 * 1024 * 1024;

type Upload = { readonly upload: R2MultipartUpload; readonly parts: R2UploadedPart[] };

/**
 * Takes a file of unknown length in, at most one part of it in memory, and hashes it on the way. A file of one part
 * becomes one object. A larger one goes up in parts, to an object that nobody looks at; the file is there once the
 * object that describes it is. What dies before that leaves an upload that R2 gives up after seven days, or
 * bytes that the sweep removes.
 */
export class R2FileWriter implements FileWriter {
  readonly #bucket: R2Bucket;
  readonly #id: FileId;
  readonly #key: string;
  readonly #digest = new crypto.DigestStream('SHA-256');
  readonly #hashing = this.#digest.getWriter();
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #bytes = 0;
  #upload: Upload | null = null;

  constructor(bucket: R2Bucket, project: ProjectId, id: FileId) {
    this.#bucket = bucket;
    this.#id = id;
    this.#key = fileKey(project, id);
    // Nobody waits for it where the upload fails before.
    this.#digest.digest.catch(() => {});
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#hashing.write(chunk);
    // A copy: the sender may use its buffer again.
    this.#pending.push(chunk.slice());
    this.#pendingBytes += chunk.byteLength;
    this.#bytes += chunk.byteLength;
    if (this.#pendingBytes > PART_BYTES) await this.#flush();
  }

  async commit(about: Omit<FileMeta, 'id' | 'bytes' | 'sha256'>): Promise<FileMeta> {
    await this.#hashing.close();
    const sha256 = hex(await this.#digest.digest);
    const meta: FileMeta = { ...about, id: this.#id, bytes: this.#bytes, sha256 };
    const last = concatBytes(this.#pending);
    const apart = this.#upload !== null;
    if (apart) await this.#complete(last);
    await this.#bucket.put(this.#key, apart ? new Uint8Array() : last, {
      httpMetadata: { contentType: apart ? 'application/octet-stream' : meta.mimeType },
      customMetadata: toCustomMetadata(meta, apart),
    });
    return meta;
  }

  async abort(): Promise<void> {
    await Promise.allSettled([
      this.#hashing.abort(),
      this.#upload?.upload.abort(),
      this.#bucket.delete([this.#key, bytesKey(this.#key)]),
    ]);
  }

  async #complete(last: Uint8Array): Promise<void> {
    await this.#putPart(last);
    await this.#upload?.upload.complete(this.#upload.parts);
    this.#upload = null;
  }

  async #putPart(part: Uint8Array): Promise<void> {
    this.#upload ??= {
      upload: await this.#bucket.createMultipartUpload(bytesKey(this.#key)),
      parts: [],
    };
    const { upload, parts } = this.#upload;
    parts.push(await upload.uploadPart(parts.length + 1, part));
  }

  /** Sends what has gathered, as whole parts; the rest stays. */
  async #flush(): Promise<void> {
    const gathered = concatBytes(this.#pending);
    let from = 0;
    for (; gathered.byteLength - from > PART_BYTES; from += PART_BYTES) {
      await this.#putPart(gathered.subarray(from, from + PART_BYTES));
    }
    const rest = gathered.slice(from);
    this.#pending = [rest];
    this.#pendingBytes = rest.byteLength;
  }
}

function hex(buffer: ArrayBuffer): string {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
