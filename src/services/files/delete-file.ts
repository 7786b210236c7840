import type { Actor } from '../../domain/access.ts';
import { isFileId, jobOfFile } from '../../domain/file.ts';
import type { FileIndex } from '../ports/values/file-index.ts';
import type { Files } from '../ports/values/files.ts';
import { missingScope } from '../access/require-scope.ts';
import { done, refuseAt, type Result } from '../result.ts';
import { noSuchFile } from './read-file.ts';

/** Deletes an upload at once. Deleting it again finds nothing. */
export async function deleteFile(
  { files, fileIndex }: { readonly files: Files; readonly fileIndex: FileIndex },
  actor: Actor,
  id: string,
): Promise<Result<null>> {
  const refused = missingScope(actor, 'files:write');
  if (refused !== null) return refused;
  if (!isFileId(id)) return noSuchFile(id);
  if (jobOfFile(id) !== null) {
    const message = 'this file belongs to a job and goes with the job’s payloads';
    return refuseAt('conflict', '/path/file_id', message);
  }
  if ((await files.find(actor.project, id)) === null) return noSuchFile(id);
  // The bytes first: an entry without bytes is swept away later, bytes without an entry would stay.
  await files.delete(actor.project, id);
  await fileIndex.remove(actor.project, id);
  return done(null);
}
