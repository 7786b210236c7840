import type { FileId, FileMeta } from '../../../domain/file.ts';
import type { ProjectId } from '../../../domain/ids.ts';

/** An upload that is under way. It is in no list, and is swept away if nothing more is heard of it. */
type BegunUpload = {
  readonly project: ProjectId;
  readonly id: FileId;
  /** Id of the key that uploads. */
  readonly createdBy: string;
  readonly createdAtMs: number;
  /** When an upload that never ended is swept away. */
  readonly giveUpAtMs: number;
};

/** What uploads there are: for lists, for repetitions under a key, and for the sweep. */
export type FileIndex = {
  begin(upload: BegunUpload): Promise<void>;
  /**
   * Puts an upload into the lists. `taken` when another upload holds the idempotency key, `gone` when it was swept
   * away meanwhile: then it stays out.
   */
  finish(
    project: ProjectId,
    meta: FileMeta,
    idempotencyKey: string | null,
  ): Promise<'done' | 'taken' | 'gone'>;
  /** The upload that holds an idempotency key. */
  findByKey(project: ProjectId, idempotencyKey: string): Promise<FileMeta | null>;
  /** Uploads that have not expired, newest first, older than `after`. */
  list(
    project: ProjectId,
    after: FileId | null,
    limit: number,
    nowMs: number,
  ): Promise<readonly FileMeta[]>;
  remove(project: ProjectId, id: FileId): Promise<void>;
  /** Uploads, finished or not, whose time is over, of all projects. */
  expired(nowMs: number, limit: number): Promise<readonly FilePlace[]>;
};

export type FilePlace = { readonly project: ProjectId; readonly id: FileId };
