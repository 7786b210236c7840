import type { Context } from 'hono';

import type { FileMeta } from '../../domain/file.ts';
import type { ProjectId } from '../../domain/ids.ts';
import { noSuchFile, openFile } from '../../services/files/read-file.ts';
import type { FilePart } from '../../services/ports/values/files.ts';
import type { AppEnv } from '../deps.ts';
import { failureResponse } from '../failure-response.ts';

/**
 * The bytes of a file, whole or in part (RFC 9110, section 14). Whatever they are, no browser shows or runs them in
 * the name of this origin: they are an attachment, of the declared type only, in a sandbox.
 */
export async function answerFile(
  c: Context<AppEnv>,
  project: ProjectId,
  meta: FileMeta,
): Promise<Response> {
  const etag = `"${meta.sha256}"`;
  c.header('etag', etag);
  c.header('accept-ranges', 'bytes');
  c.header('cache-control', 'private, no-cache');
  c.header('x-content-type-options', 'nosniff');
  c.header('content-security-policy', "sandbox; default-src 'none'");
  c.header('cross-origin-resource-policy', 'same-origin');
  c.header('referrer-policy', 'no-referrer');
  if (matches(c.req.header('if-none-match'), etag)) return c.body(null, 304);
  const wanted = rangeOf(c, etag, meta.bytes);
  if (wanted === 'beyond') {
    c.header('content-range', `bytes */${meta.bytes}`);
    const message = `the file has ${meta.bytes} bytes, and the range lies behind them`;
    const violations = [{ pointer: '/headers/range', code: 'range', message }];
    return failureResponse(c, { code: 'range_not_satisfiable', message, violations });
  }
  const file = await openFile(c.env.deps, project, meta.id, wanted);
  if (file === null) return failureResponse(c, noSuchFile(meta.id).failure);
  const { offset, length } = wanted ?? { offset: 0, length: meta.bytes };
  c.header('content-type', meta.mimeType);
  c.header('content-length', String(length));
  c.header('content-disposition', dispositionOf(meta));
  if (wanted === null) return c.body(file.stream, 200);
  c.header('content-range', `bytes ${offset}-${offset + length - 1}/${meta.bytes}`);
  return c.body(file.stream, 206);
}

function matches(header: string | undefined, etag: string): boolean {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

/** Null for the whole file: without a range, with several, or with one that holds for other bytes than these. */
function rangeOf(c: Context<AppEnv>, etag: string, bytes: number): FilePart | 'beyond' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(c.req.header('range') ?? '');
  const condition = c.req.header('if-range');
  if (match === null || (condition !== undefined && condition !== etag)) return null;
  const [, first = '', last = ''] = match;
  return first === '' ? lastBytes(last, bytes) : bytesFrom(Number(first), last, bytes);
}

function lastBytes(count: string, bytes: number): FilePart | 'beyond' | null {
  if (count === '') return null;
  const length = Math.min(bytes, Number(count));
  return length === 0 ? 'beyond' : { offset: bytes - length, length };
}

function bytesFrom(offset: number, last: string, bytes: number): FilePart | 'beyond' | null {
  if (offset >= bytes) return 'beyond';
  const end = last === '' ? bytes - 1 : Math.min(bytes - 1, Number(last));
  return end < offset ? null : { offset, length: end - offset + 1 };
}

/** RFC 6266: the name in UTF-8, escaped as RFC 8187 asks. */
function dispositionOf({ name }: FileMeta): string {
  if (name === null) return 'attachment';
  const escaped = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename*=UTF-8''${escaped}`;
}
