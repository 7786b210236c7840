import type { Actor, Scope } from '../../domain/access.ts';
import { isFileId, jobOfFile, type FileId, type FileMeta } from '../../domain/file.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { FileIndex } from '../ports/values/file-index.ts';
import type { FilePart, Files, OpenFile } from '../ports/values/files.ts';
import type { Machine } from '../ports/runtime.ts';
import { missingScope } from '../access/require-scope.ts';
import { pageOf, type Page } from '../page.ts';
import { done, refuseAt, type Result } from '../result.ts';

export type ReadFileDeps = {
  readonly files: Files;
  readonly machine: Pick<Machine, 'nowMs'>;
};

/** What is known of a file. The files of a job are read by whoever may read the job. */
export async function getFile(
  deps: ReadFileDeps,
  actor: Actor,
  id: string,
): Promise<Result<FileMeta>> {
  const refused = missingScope(actor, scopeOf(id));
  return refused ?? liveFile(deps, actor.project, id);
}

function scopeOf(id: string): Scope {
  return isFileId(id) && jobOfFile(id) !== null ? 'jobs:read' : 'files:read';
}

/** A file that is there and has not expired. */
export async function liveFile(
  { files, machine }: ReadFileDeps,
  project: ProjectId,
  id: string,
): Promise<Result<FileMeta>> {
  const meta = isFileId(id) ? await files.find(project, id) : null;
  if (meta === null) return noSuchFile(id);
  if (meta.expiresAtMs === null || machine.nowMs() < meta.expiresAtMs) return done(meta);
  const message = `the file expired at ${new Date(meta.expiresAtMs).toISOString()}; upload it again`;
  return refuseAt('file_expired', '/path/file_id', message);
}

export function noSuchFile(id: string) {
  const message = `there is no file ${JSON.stringify(id.slice(0, 80))} in this project`;
  return refuseAt('not_found', '/path/file_id', message);
}

/** The bytes of a file that was found before; null when it has been deleted since. */
export function openFile(
  { files }: ReadFileDeps,
  project: ProjectId,
  id: FileId,
  part: FilePart | null,
): Promise<OpenFile | null> {
  return part === null ? files.open(project, id) : files.open(project, id, part);
}

/** The uploads of the actor's project, newest first. */
export async function listFiles(
  {
    fileIndex,
    machine,
  }: { readonly fileIndex: FileIndex; readonly machine: Pick<Machine, 'nowMs'> },
  actor: Actor,
  after: FileId | null,
  limit: number,
): Promise<Result<Page<FileMeta>>> {
  const refused = missingScope(actor, 'files:read');
  if (refused !== null) return refused;
  const found = await fileIndex.list(actor.project, after, limit + 1, machine.nowMs());
  return done(pageOf(found, limit, ({ id }) => id));
}
