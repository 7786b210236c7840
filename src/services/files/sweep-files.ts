import type { FileIndex, FilePlace } from '../ports/values/file-index.ts';
import type { Files } from '../ports/values/files.ts';
import { errorName, type Log } from '../ports/log.ts';

export type SweepDeps = {
  readonly files: Files;
  readonly fileIndex: FileIndex;
  readonly log: Log;
};

const AT_ONCE = 200;
/** What is left is swept an hour later. */
const ROUNDS_MAX = 50;

/** Deletes uploads that have expired, and what uploads have left that never ended. Safe to do twice. */
export async function sweepFiles(deps: SweepDeps, nowMs: number): Promise<void> {
  let swept = 0;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const places = await deps.fileIndex.expired(nowMs, AT_ONCE);
    const gone = await Promise.all(places.map((place) => sweep(deps, place)));
    const count = gone.filter(Boolean).length;
    swept += count;
    // What could not be deleted would be found again and again.
    if (count < AT_ONCE) break;
  }
  deps.log('info', 'files.swept', { files: swept });
}

/** The bytes first: only the entry knows of them. */
async function sweep({ files, fileIndex, log }: SweepDeps, place: FilePlace): Promise<boolean> {
  const { project, id } = place;
  try {
    await files.delete(project, id);
    await fileIndex.remove(project, id);
    return true;
  } catch (error) {
    log('warn', 'file.not_swept', { project, file: id, error: errorName(error) });
    return false;
  }
}
