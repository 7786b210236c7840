import type { FileId, FileMeta } from '../../domain/file.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { Files } from '../ports/values/files.ts';

/** Each is a question to R2. */
const FILES_MAX = 100;

/** Looks for each file once, though many items and targets name it; beyond a bound it looks for none. */
export function rememberFiles(files: Pick<Files, 'head'>): Pick<Files, 'head'> {
  const known = new Map<FileId, Promise<FileMeta | null>>();
  return {
    head(project: ProjectId, id: FileId) {
      const found = known.get(id);
      if (found !== undefined) return found;
      if (known.size >= FILES_MAX) {
        return Promise.reject(new Error('one explanation looks for so many files and no more'));
      }
      const looked = files.head(project, id);
      known.set(id, looked);
      return looked;
    },
  };
}
