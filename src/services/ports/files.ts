import type { FileId, FileMeta } from '../../domain/file.ts';
import type { ProjectId } from '../../domain/ids.ts';

/** Files in R2. What has expired is as good as gone. */
export type Files = {
  /** Null for a file that does not exist, has expired, or belongs to another project. */
  head(project: ProjectId, id: FileId): Promise<FileMeta | null>;
  open(
    project: ProjectId,
    id: FileId,
  ): Promise<{ readonly meta: FileMeta; readonly stream: ReadableStream<Uint8Array> } | null>;
  read(project: ProjectId, id: FileId): Promise<Uint8Array | null>;
  /** Keeps a file that a job made. The same bytes again change nothing. */
  putBytes(project: ProjectId, meta: FileMeta, bytes: Uint8Array): Promise<void>;
  delete(project: ProjectId, id: FileId): Promise<void>;
};
