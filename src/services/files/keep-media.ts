import { base64ToBytes } from '../../domain/bytes.ts';
import type { Failure, Outcome } from '../../domain/job/failure.ts';
import { jobFileIdOf, type FileMeta } from '../../domain/file.ts';
import type { JobId, ProjectId } from '../../domain/ids.ts';
import type { ProducedMedia } from '../../domain/model/media.ts';
import { imageSize } from '../../steps/media/image-size.ts';
import { agreeOnType, normalType, sniff } from '../../steps/media/sniff.ts';
import type { KeptFile } from '../../steps/model/port.ts';
import type { Outside } from '../outbound/outside.ts';
import type { Files } from '../ports/values/files.ts';
import type { Log } from '../ports/log.ts';
import type { Machine } from '../ports/runtime.ts';
import { steadily } from '../run/turn/steady-objects.ts';
import { hashBytes } from './hash-bytes.ts';

export type KeepDeps = {
  readonly files: Files;
  readonly outside: Outside;
  readonly machine: Pick<Machine, 'nowMs' | 'wait'>;
  readonly log: Log;
};

/** The job whose file it becomes; it lives as long as the job's payloads. */
export type FileOwner = {
  readonly project: ProjectId;
  readonly jobId: JobId;
  readonly signal: AbortSignal;
};

/** The most that is held in memory at once; an isolate has 128 MB for everything. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;
const DOWNLOAD_MS = 60_000;

/**
 * Copies what a provider made into the job's own files, because providers delete it within hours. Doing it again
 * with the same bytes changes nothing.
 */
export async function keepMedia(
  deps: KeepDeps,
  owner: FileOwner,
  media: ProducedMedia,
): Promise<Outcome<KeptFile>> {
  const found = await bytesOf(deps, owner, media);
  if (!found.ok) return found;
  const { bytes, name } = found.value;
  // The provider's word on the type counts only where the bytes do not speak for themselves.
  const sniffed = sniff(bytes, true);
  const said = media.mimeType === null ? null : normalType(media.mimeType);
  const agreed = agreeOnType(said, sniffed);
  const fallback = agreeOnType(null, sniffed);
  const type = agreed.ok ? agreed : fallback;
  const mimeType = type.ok ? type.mimeType : 'application/octet-stream';
  const meta = await keepBytes(deps, owner, { bytes, mimeType, name });
  return {
    ok: true,
    value: {
      file: meta.id,
      mime_type: meta.mimeType,
      bytes: meta.bytes,
      sha256: meta.sha256,
      ...imageSize(bytes),
    },
  };
}

/** Keeps bytes as a file of the job. */
export async function keepBytes(
  deps: Omit<KeepDeps, 'outside'>,
  { project, jobId }: FileOwner,
  file: {
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly mimeType: string;
    readonly name: string | null;
  },
): Promise<FileMeta> {
  const { bytes, mimeType, name } = file;
  const sha256 = await hashBytes(bytes);
  const meta: FileMeta = {
    id: jobFileIdOf(jobId, sha256),
    name,
    mimeType,
    bytes: bytes.byteLength,
    sha256,
    createdAtMs: deps.machine.nowMs(),
    expiresAtMs: null,
  };
  await steadily(deps, 'put_file', () => deps.files.putBytes(project, meta, bytes));
  return meta;
}

type Bytes = { readonly bytes: Uint8Array<ArrayBuffer>; readonly name: string | null };

async function bytesOf(
  { outside }: KeepDeps,
  { signal }: FileOwner,
  { source, mimeType }: ProducedMedia,
): Promise<Outcome<Bytes>> {
  if (source.kind === 'base64') return decoded(source.data);
  const fetched = await outside.get({
    url: source.url,
    accept: mimeType ?? '*/*',
    bytesMax: KEPT_BYTES_MAX,
    timeoutMs: DOWNLOAD_MS,
    signal,
  });
  return fetched.ok ? fetched : { ok: false, failure: afterWork(fetched.failure) };
}

/** The provider has done its work by then, and charges for it. */
function afterWork(failure: Failure): Failure {
  const message = `what the provider made could not be copied: ${failure.message}`;
  if (failure.class !== 'step_input_invalid') return { ...failure, phase: 'finished', message };
  // The URL is the provider's, not the user's.
  return { ...failure, class: 'output_invalid', phase: 'finished', message };
}

function decoded(data: string): Outcome<Bytes> {
  if ((data.length / 4) * 3 > KEPT_BYTES_MAX) {
    const message = `what the provider made is larger than ${KEPT_BYTES_MAX} bytes`;
    return failed({ class: 'value_too_large', phase: 'finished', code: 'max_bytes', message });
  }
  const bytes = base64ToBytes(data);
  if (bytes !== null) return { ok: true, value: { bytes, name: null } };
  const message = 'the provider sent a file that is not base64';
  return failed({ class: 'output_invalid', phase: 'finished', code: 'not_base64', message });
}

function failed(failure: Failure): Outcome<never> {
  return { ok: false, failure };
}
