import { concatBytes } from '../../domain/bytes.ts';
import type { Actor } from '../../domain/access.ts';
import { uploadIdOf, type FileId, type FileMeta } from '../../domain/file.ts';
import { agreeOnType, normalType, sniff, SNIFF_BYTES } from '../../steps/media/sniff.ts';
import type { FileIndex } from '../ports/values/file-index.ts';
import type { Files, FileWriter } from '../ports/values/files.ts';
import { errorName, type Log } from '../ports/log.ts';
import type { Machine } from '../ports/runtime.ts';
import { missingScope } from '../access/require-scope.ts';
import { done, refuse, refuseAt, type Result, type ServiceFailure } from '../result.ts';
import { EXPIRY_DEFAULT_MS, matchesType, type FileLimits } from './file-limits.ts';

export type UploadDeps = {
  readonly files: Files;
  readonly fileIndex: FileIndex;
  readonly fileLimits: FileLimits;
  readonly machine: Machine;
  readonly log: Log;
};

/** An upload as it arrives, piece by piece. */
export type UploadPiece =
  /** Begins the file. `declaredType` is what was sent; null for nothing. */
  | {
      readonly kind: 'file';
      readonly name: string | null;
      readonly declaredType: string | null;
      /** Where the type was declared, for refusals. */
      readonly typePointer: string;
    }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** May come before the file, or after it. */
  | { readonly kind: 'expires_in'; readonly ms: number }
  /** What arrives makes no sense: nothing of it is kept. */
  | { readonly kind: 'malformed'; readonly failure: ServiceFailure };

export type Upload = {
  readonly idempotencyKey: string | null;
  /** The length of the request's body as announced; null when it is not. */
  readonly announcedBytes: number | null;
  readonly pieces: AsyncIterable<UploadPiece>;
};

export type Uploaded = { readonly kind: 'created' | 'replayed'; readonly meta: FileMeta };

/** What a form may carry around its file. */
const ENVELOPE_BYTES = 65_536;
/** After this long an upload that never ended is swept away; no request lives longer. */
const GIVE_UP_MS = 3_600_000;

/**
 * Takes a file in without holding the whole of it. It is there once the answer says so: what is cut off, refused or
 * killed before leaves nothing that anybody can see. Under an idempotency key, a repetition with the same bytes finds
 * the first one's file.
 */
export async function uploadFile(
  deps: UploadDeps,
  actor: Actor,
  { idempotencyKey, announcedBytes, pieces }: Upload,
): Promise<Result<Uploaded>> {
  const refused = missingScope(actor, 'files:write');
  if (refused !== null) return refused;
  const { machine, fileIndex, files, fileLimits } = deps;
  if ((announcedBytes ?? 0) > fileLimits.bytesMax + ENVELOPE_BYTES) {
    return fileTooLarge(fileLimits.bytesMax);
  }
  const id = uploadIdOf(machine.newUuid());
  const nowMs = machine.nowMs();
  // Known before the first byte is stored, so that the sweep finds what a kill leaves.
  await fileIndex.begin({
    project: actor.project,
    id,
    createdBy: actor.id,
    createdAtMs: nowMs,
    giveUpAtMs: nowMs + GIVE_UP_MS,
  });
  const writer = files.begin(actor.project, id);
  let kept = false;
  try {
    const taken = await takeIn(deps, writer, pieces);
    if (!taken.ok) return taken;
    const { name, mimeType, expiresInMs } = taken.value;
    const expiresAtMs = nowMs + expiresInMs;
    const meta = await writer.commit({ name, mimeType, createdAtMs: nowMs, expiresAtMs });
    const uploaded = await enter(deps, actor, meta, idempotencyKey);
    kept = uploaded.ok && uploaded.value.kind === 'created';
    return uploaded;
  } finally {
    if (!kept) await discard(deps, actor, id, writer);
  }
}

/** Nothing of an upload that failed stays. What cannot be removed now is removed by the sweep. */
async function discard(
  { fileIndex, log }: UploadDeps,
  { project }: Actor,
  id: FileId,
  writer: FileWriter,
): Promise<void> {
  await writer.abort();
  try {
    await fileIndex.remove(project, id);
  } catch (error) {
    log('warn', 'file.not_discarded', { project, file: id, error: errorName(error) });
  }
}

async function enter(
  { fileIndex }: UploadDeps,
  { project }: Actor,
  meta: FileMeta,
  idempotencyKey: string | null,
): Promise<Result<Uploaded>> {
  const entered = await fileIndex.finish(project, meta, idempotencyKey);
  if (entered === 'done') return done({ kind: 'created', meta });
  const first =
    entered === 'taken' && idempotencyKey !== null
      ? await fileIndex.findByKey(project, idempotencyKey)
      : null;
  if (first === null) {
    return refuse('unavailable', 'the upload could not be entered; send it again', {
      retryAfterMs: 1_000,
    });
  }
  if (first.sha256 === meta.sha256) return done({ kind: 'replayed', meta: first });
  const message = `this idempotency key was used for ${first.id}, which has other bytes; use a key of its own for each file`;
  return refuseAt('idempotency_key_reused', '/headers/idempotency-key', message);
}

type Taken = {
  readonly name: string | null;
  readonly mimeType: string;
  readonly expiresInMs: number;
};

type FilePiece = Extract<UploadPiece, { kind: 'file' }>;

/** The file between its first and its last byte. */
type Intake = {
  file: FilePiece | null;
  /** The first bytes, until there are enough to tell the type. */
  head: Uint8Array[];
  headBytes: number;
  mimeType: string | null;
  bytes: number;
  expiresInMs: number;
};

async function takeIn(
  deps: UploadDeps,
  writer: FileWriter,
  pieces: AsyncIterable<UploadPiece>,
): Promise<Result<Taken>> {
  const intake: Intake = {
    file: null,
    head: [],
    headBytes: 0,
    mimeType: null,
    bytes: 0,
    expiresInMs: EXPIRY_DEFAULT_MS,
  };
  for await (const piece of pieces) {
    const refused = await takePiece(deps, writer, intake, piece);
    if (refused !== null) return refused;
  }
  if (intake.file === null) {
    return refuseAt('invalid_request', '/file', 'the form has no part with a file: name it "file"');
  }
  const refused = intake.mimeType === null ? await settleType(deps, writer, intake, true) : null;
  if (refused !== null) return refused;
  if (intake.bytes === 0) return refuseAt('invalid_request', '/file', 'the file is empty');
  const { file, mimeType, expiresInMs } = intake;
  return done({ name: file.name, mimeType: mimeType ?? 'application/octet-stream', expiresInMs });
}

async function takePiece(
  deps: UploadDeps,
  writer: FileWriter,
  intake: Intake,
  piece: UploadPiece,
): Promise<Result<never> | null> {
  switch (piece.kind) {
    case 'malformed':
      return { ok: false, failure: piece.failure };
    case 'expires_in':
      intake.expiresInMs = piece.ms;
      return null;
    case 'file':
      if (intake.file !== null) {
        return refuseAt('invalid_request', '/file', 'the form has more than one file; send one');
      }
      return beginFile(intake, piece);
    case 'bytes':
      return takeBytes(deps, writer, intake, piece.bytes);
  }
}

function beginFile(intake: Intake, piece: FilePiece): Result<never> | null {
  const { declaredType, typePointer } = piece;
  const normal = declaredType === null ? null : normalType(declaredType);
  if (declaredType !== null && normal === null) {
    const message = 'is not a media type; send one such as image/png, or none';
    return refuseAt('unsupported_media_type', typePointer, message);
  }
  intake.file = { ...piece, declaredType: normal };
  return null;
}

async function takeBytes(
  deps: UploadDeps,
  writer: FileWriter,
  intake: Intake,
  bytes: Uint8Array,
): Promise<Result<never> | null> {
  intake.bytes += bytes.byteLength;
  const { bytesMax } = deps.fileLimits;
  if (intake.bytes > bytesMax) return fileTooLarge(bytesMax);
  if (intake.mimeType !== null) {
    await writer.write(bytes);
    return null;
  }
  intake.head.push(bytes.slice());
  intake.headBytes += bytes.byteLength;
  return intake.headBytes < SNIFF_BYTES ? null : settleType(deps, writer, intake, false);
}

function fileTooLarge(bytesMax: number): Result<never> {
  const message = `the file is larger than the ${bytesMax} bytes that are accepted here; it was not read to its end`;
  return refuseAt('payload_too_large', '/file', message);
}

/** Holds the first bytes against the declared type and the accepted ones, and lets them through. */
async function settleType(
  { fileLimits }: UploadDeps,
  writer: FileWriter,
  intake: Intake,
  whole: boolean,
): Promise<Result<never> | null> {
  const head = concatBytes(intake.head);
  const declared = intake.file?.declaredType ?? null;
  const pointer = intake.file?.typePointer ?? '/file';
  const agreed = agreeOnType(declared, sniff(head, whole));
  if (!agreed.ok) return refuseAt('file_type_mismatch', pointer, mismatch(agreed));
  if (!matchesType(agreed.mimeType, fileLimits.types)) {
    const message = `files of type ${agreed.mimeType} are not accepted here; accepted are ${fileLimits.types.join(', ')}`;
    return refuseAt('unsupported_media_type', pointer, message);
  }
  intake.mimeType = agreed.mimeType;
  intake.head = [];
  await writer.write(head);
  return null;
}

function mismatch({
  declared,
  found,
}: {
  readonly declared: string;
  readonly found: string;
}): string {
  const words: Record<string, string> = { text: 'plain text', other: 'something else' };
  return `the file is declared as ${declared}, and its first bytes are ${words[found] ?? `those of ${found}`}; declare what it is, or declare nothing`;
}
