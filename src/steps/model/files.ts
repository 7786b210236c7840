import { z } from 'zod';

import { isFileId, type FileId } from '../../domain/file.ts';
import type { MediaRef } from '../../domain/model/media.ts';

/** What a field takes a file for; the runner holds the file's type against it. */
export type FileUse = 'image' | 'audio' | 'recording' | 'document' | 'attachment';

/** A file that a step's input names. */
export type NamedFile = {
  readonly id: FileId;
  /** Where the input names it, below `with`. */
  readonly path: readonly PropertyKey[];
  readonly use: FileUse;
};

/** A field that takes the id of a file. */
export const fileField = z
  .custom<FileId>((value) => typeof value === 'string' && isFileId(value), {
    error: 'must be the id of a file: `file_…`, as POST /v1/files or a step gave it',
  })
  .meta({ type: 'string', pattern: '^file_[0-9a-f]{32,34}(_[0-9a-f]{24})?$' });

/** The files of a list field. */
export function namedIn(
  ids: readonly FileId[] | undefined,
  path: readonly PropertyKey[],
  use: FileUse,
): NamedFile[] {
  return (ids ?? []).map((id, index) => ({ id, path: [...path, index], use }));
}

/** A file that the input names. Every one has been found before a call is made, so a missing one is a defect. */
export function mediaOf(media: ReadonlyMap<FileId, MediaRef>, id: FileId): MediaRef {
  const found = media.get(id);
  if (found === undefined) throw new Error('a file was not looked up before the call');
  return found;
}
