import type { FileId, FileMeta } from '../../../domain/file.ts';
import type { ProjectId } from '../../../domain/ids.ts';

/** Files in R2. What has expired is as good as gone. */
export type Files = {
  /** Null for a file that does not exist, has expired, or belongs to another project. */
  head(project: ProjectId, id: FileId): Promise<FileMeta | null>;
  /** As `head`, and also a file that has expired, for as long as it is still there. */
  find(project: ProjectId, id: FileId): Promise<FileMeta | null>;
  /** The file, or the given part of it, which lies within it. */
  open(project: ProjectId, id: FileId, part?: FilePart): Promise<OpenFile | null>;
  read(project: ProjectId, id: FileId): Promise<Uint8Array | null>;
  /** Keeps a file that a job made. The same bytes again change nothing. */
  putBytes(project: ProjectId, meta: FileMeta, bytes: Uint8Array): Promise<void>;
  /** Begins a file whose length is not known yet. */
  begin(project: ProjectId, id: FileId): FileWriter;
  delete(project: ProjectId, id: FileId): Promise<void>;
};

/** In bytes from the beginning. */
export type FilePart = { readonly offset: number; readonly length: number };

export type OpenFile = { readonly meta: FileMeta; readonly stream: ReadableStream<Uint8Array> };

/** A file on its way in. Nobody sees it before `commit`, and a part of it never. */
export type FileWriter = {
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the file visible, and says what was counted and hashed on the way. */
  commit(about: Omit<FileMeta, 'id' | 'bytes' | 'sha256'>): Promise<FileMeta>;
  /** Leaves nothing behind, also after a failed `commit`. Never throws. */
  abort(): Promise<void>;
};
