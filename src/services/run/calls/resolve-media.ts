import type { Failure, Outcome, Violation } from '../../../domain/job/failure.ts';
import type { FileId, FileMeta } from '../../../domain/file.ts';
import type { ProjectId } from '../../../domain/ids.ts';
import { jsonPointer } from '../../../domain/json.ts';
import type { MediaRef } from '../../../domain/model/media.ts';
import type { FileUse, NamedFile } from '../../../steps/model/files.ts';
import { describe } from '../../values/check-value.ts';
import type { Files } from '../../ports/values/files.ts';

type Taken = {
  readonly types: RegExp;
  readonly words: string;
  /** What stands for a file of which nothing is known any more. */
  readonly example: string;
};

/** What a field takes: the types, and how to say it. */
const TAKES: Record<FileUse, Taken> = {
  image: { types: /^image\//, words: 'an image', example: 'image/png' },
  audio: { types: /^audio\//, words: 'a sound', example: 'audio/wav' },
  recording: { types: /^(audio|video)\//, words: 'a sound or a video', example: 'audio/wav' },
  document: { types: /^(application|text)\//, words: 'a document', example: 'application/pdf' },
  attachment: {
    types: /^(image|audio|application|text)\//,
    words: 'an image, a sound or a document',
    example: 'application/pdf',
  },
};

/**
 * Finds the files that an input names, so that one that is not there fails the step before a call is paid for. A file
 * of another project is as little there as one that never was. For a call that `isSent`, and whose result is asked
 * for, a file that is gone by now is no failure.
 */
export async function resolveMedia(
  files: Pick<Files, 'head'> | undefined,
  project: ProjectId,
  named: readonly NamedFile[],
  isSent: boolean,
): Promise<Outcome<ReadonlyMap<FileId, MediaRef>>> {
  if (named.length === 0) return { ok: true, value: new Map() };
  if (files === undefined) return noFiles();
  const ids = [...new Set(named.map(({ id }) => id))];
  const metas = await headAll(files, project, ids);
  if (metas === null) return unreachable();
  const found = new Map(metas.flatMap((meta) => (meta === null ? [] : [[meta.id, refOf(meta)]])));
  if (isSent) return { ok: true, value: withStandIns(found, named) };
  const violations = named.flatMap((one) => violationOf(one, found.get(one.id)));
  return violations.length === 0 ? { ok: true, value: found } : unfit(violations);
}

async function headAll(
  files: Pick<Files, 'head'>,
  project: ProjectId,
  ids: readonly FileId[],
): Promise<readonly (FileMeta | null)[] | null> {
  try {
    return await Promise.all(ids.map((id) => files.head(project, id)));
  } catch {
    return null;
  }
}

function refOf({ id, mimeType, bytes, sha256, name }: FileMeta): MediaRef {
  const [type = ''] = mimeType.toLowerCase().split(';');
  return { file: id, mimeType: type.trim(), bytes, sha256, name };
}

/** Nothing but a name is needed of a file that has been sent. */
function withStandIns(
  found: ReadonlyMap<FileId, MediaRef>,
  named: readonly NamedFile[],
): ReadonlyMap<FileId, MediaRef> {
  const standIns = named.map(({ id, use }): [FileId, MediaRef] => [
    id,
    { file: id, mimeType: TAKES[use].example, bytes: 0, sha256: '', name: null },
  ]);
  return new Map([...standIns, ...found]);
}

function violationOf({ id, path, use }: NamedFile, ref: MediaRef | undefined): Violation[] {
  const pointer = jsonPointer(['with', ...path]);
  if (ref === undefined) {
    const message = `names ${id}, which does not exist in this project or has expired; upload it again`;
    return [{ pointer, code: 'file_not_found', message }];
  }
  const { types, words } = TAKES[use];
  if (types.test(ref.mimeType)) return [];
  const message = `must be ${words}; ${id} is ${ref.mimeType || 'of no known type'}`;
  return [{ pointer, code: 'file_type', message }];
}

function unfit(violations: readonly Violation[]): {
  readonly ok: false;
  readonly failure: Failure;
} {
  const message = `the step's input does not fit: ${violations.slice(0, 5).map(describe).join('; ')}`;
  return {
    ok: false,
    failure: { class: 'step_input_invalid', phase: 'not_sent', message, violations },
  };
}

/** As a failed connection it is tried again. */
function unreachable(): { readonly ok: false; readonly failure: Failure } {
  const message = 'the files that the step names could not be looked up';
  return { ok: false, failure: { class: 'network', phase: 'not_sent', message } };
}

function noFiles(): { readonly ok: false; readonly failure: Failure } {
  const message = 'this deployment keeps no files';
  return { ok: false, failure: { class: 'not_configured', phase: 'not_sent', message } };
}
