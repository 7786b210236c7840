import type { Violation } from '../../domain/job/failure.ts';
import { isFileId } from '../../domain/file.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { Files } from '../ports/values/files.ts';
import { refuse, refuseAt, type Result } from '../result.ts';
import { fileIdPlaces, type FileIdPlace } from '../values/file-id-places.ts';

/** Each costs a question to R2, while the submitter waits. */
const FILES_MAX = 100;

/**
 * Looks for the files that an input names where its schema says `"format": "file-id"`, so that one that is not there
 * is found before anything is paid for. Null when all are.
 */
export async function inputFilesRefusal(
  files: Pick<Files, 'head'>,
  project: ProjectId,
  schema: JsonObject,
  input: Json,
): Promise<Result<never> | null> {
  const places = fileIdPlaces(schema, input);
  const ids = new Set(places.map(({ text }) => text).filter(isFileId));
  if (ids.size > FILES_MAX) {
    const message = `the input names ${ids.size} files; at most ${FILES_MAX} are allowed`;
    return refuseAt('input_invalid', '/input', message);
  }
  const metas = await Promise.all([...ids].map((id) => files.head(project, id)));
  const there = new Set<string>(metas.flatMap((meta) => (meta === null ? [] : [meta.id])));
  const violations = places.filter(({ text }) => !there.has(text)).map(violationOf);
  if (violations.length === 0) return null;
  return refuse('input_invalid', 'the input names files that are not there', { violations });
}

function violationOf({ pointer, text }: FileIdPlace): Violation {
  const message = isFileId(text)
    ? 'names a file that does not exist in this project, or has expired; upload it again'
    : 'must be the id of a file, as POST /v1/files gives it';
  return { pointer: `/input${pointer}`, code: 'file_not_found', message };
}
