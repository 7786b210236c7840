import type { Failure, Outcome } from '../../domain/job/failure.ts';
import type { JsonObject } from '../../domain/json.ts';
import { agreeOnType, normalType, sniff } from '../../steps/media/sniff.ts';
import { matchesType } from './file-limits.ts';
import { keepBytes, type FileOwner, type KeepDeps } from './keep-media.ts';

export type FetchFile = {
  readonly url: string;
  readonly max_bytes: number;
  /** Types that are accepted; all if absent. */
  readonly accept?: readonly string[] | undefined;
  readonly timeoutMs: number;
};

/** Fetches a file and keeps it as the job's own. The same bytes again are the same file. */
export async function fetchFile(
  deps: KeepDeps,
  owner: FileOwner,
  { url, max_bytes: bytesMax, accept, timeoutMs }: FetchFile,
): Promise<Outcome<JsonObject>> {
  const wanted = accept?.join(', ') ?? '*/*';
  const { signal } = owner;
  const fetched = await deps.outside.get({ url, accept: wanted, bytesMax, timeoutMs, signal });
  if (!fetched.ok) return fetched;
  const { bytes, contentType, name, url: foundAt } = fetched.value;
  const type = typeOf(bytes, contentType, accept ?? null);
  return type.ok ? kept(deps, owner, { bytes, mimeType: type.value, name }, foundAt) : type;
}

/** Servers declare carelessly: what is wanted by type has to be declared right, the rest is kept as what it is. */
function typeOf(
  bytes: Uint8Array,
  contentType: string | null,
  accept: readonly string[] | null,
): Outcome<string> {
  if (bytes.byteLength === 0) return unfit('empty', 'the server sent an empty file');
  const sniffed = sniff(bytes, true);
  const agreed = agreeOnType(contentType === null ? null : normalType(contentType), sniffed);
  const type = agreed.ok || accept !== null ? agreed : agreeOnType(null, sniffed);
  if (!type.ok) {
    const message = `the server declares the file as ${type.declared}, and its bytes are not`;
    return unfit('file_type_mismatch', message);
  }
  if (accept === null || matchesType(type.mimeType, accept)) {
    return { ok: true, value: type.mimeType };
  }
  const message = `the file is ${type.mimeType}; the step accepts ${accept.join(', ')}`;
  return unfit('type_not_accepted', message);
}

async function kept(
  deps: KeepDeps,
  owner: FileOwner,
  file: Parameters<typeof keepBytes>[2],
  url: string,
): Promise<Outcome<JsonObject>> {
  const { id, name, mimeType, bytes, sha256 } = await keepBytes(deps, owner, file);
  return { ok: true, value: { file: id, name, mime_type: mimeType, bytes, sha256, url } };
}

function unfit(code: string, message: string): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure: { class: 'output_invalid', phase: 'finished', code, message } };
}
