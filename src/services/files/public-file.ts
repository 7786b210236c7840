import { z } from 'zod';

import type { FileId, FileMeta } from '../../domain/file.ts';
import { isProjectId, type ProjectId } from '../../domain/ids.ts';
import { refuseAt, type Result } from '../result.ts';
import type { SignedTokens } from '../signed-token.ts';
import { liveFile, type ReadFileDeps } from './read-file.ts';

/** How long a provider has to fetch a file: longer than any attempt. */
const PUBLIC_MS = 3_600_000;

/** What stands in the token of a public address; the names are short because they stand in URLs. */
const payloadSchema = z.object({ p: z.string(), f: z.string() });

export type PublicFiles = {
  readonly tokens: SignedTokens;
  /** Where the deployment is reached from outside, without a slash at the end. */
  readonly baseUrl: string;
};

/** An address at which anyone reads the file for an hour, without a key. */
export async function publicUrl(
  { tokens, baseUrl }: PublicFiles,
  place: { readonly project: ProjectId; readonly id: FileId },
  nowMs: number,
): Promise<string> {
  const token = await tokens.sign('file', { p: place.project, f: place.id }, nowMs + PUBLIC_MS);
  return `${baseUrl}/files/${token}`;
}

/** The file that a public address stands for. */
export async function publicFile(
  deps: ReadFileDeps & { readonly tokens: SignedTokens | null },
  token: string,
): Promise<Result<{ readonly project: ProjectId; readonly meta: FileMeta }>> {
  const verdict = await deps.tokens?.verify('file', token, deps.machine.nowMs());
  if (verdict === undefined || verdict.kind === 'invalid') return unknownAddress();
  if (verdict.kind === 'expired') {
    return refuseAt('file_expired', '/path/token', 'this address has expired; ask for a new one');
  }
  const place = payloadSchema.safeParse(verdict.payload);
  if (!place.success || !isProjectId(place.data.p)) return unknownAddress();
  const meta = await liveFile(deps, place.data.p, place.data.f);
  return meta.ok ? { ok: true, value: { project: place.data.p, meta: meta.value } } : meta;
}

function unknownAddress(): Result<never> {
  return refuseAt('not_found', '/path/token', 'there is no file at this address');
}
