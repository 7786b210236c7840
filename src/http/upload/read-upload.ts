import type { Context } from 'hono';

import { expiresInField } from '../../services/files/file-limits.ts';
import type { UploadPiece } from '../../services/files/upload-file.ts';
import { durationMs } from '../../domain/duration.ts';
import type { AppEnv } from '../deps.ts';
import { chunksOf } from './chunks-of.ts';
import { readForm, type FormPiece } from './multipart.ts';

const FIELD_BYTES_MAX = 1_024;
const NAME_CHARACTERS_MAX = 255;

/** What the query of an upload may say. */
export type UploadQuery = {
  readonly name?: string | undefined;
  readonly expires_in?: string | undefined;
};

/** The body of an upload, piece by piece: a form with one file, or the file itself. */
export async function* readUpload(
  c: Context<AppEnv>,
  query: UploadQuery,
): AsyncGenerator<UploadPiece, void, undefined> {
  const { body } = c.req.raw;
  if (query.expires_in !== undefined) {
    yield { kind: 'expires_in', ms: durationMs(query.expires_in, 0) };
  }
  const type = c.req.header('content-type') ?? null;
  if (/^multipart\/form-data\b/i.test(type ?? '')) {
    const boundary = boundaryOf(type ?? '');
    if (boundary === null || body === null) yield malformed('/headers/content-type', NO_BOUNDARY);
    else yield* readFields(readForm(body, boundary));
    return;
  }
  yield {
    kind: 'file',
    name: query.name === undefined ? null : bareName(query.name),
    declaredType: type,
    typePointer: '/headers/content-type',
  };
  if (body !== null) yield* readRaw(body);
}

const NO_BOUNDARY = 'the form has no boundary; let your client write this header by itself';

/** RFC 2046, section 5.1.1: at most 70 characters, quoted or not. */
function boundaryOf(contentType: string): string | null {
  const match = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  return match?.[1] ?? match?.[2] ?? null;
}

async function* readRaw(body: ReadableStream<Uint8Array>): AsyncGenerator<UploadPiece> {
  for await (const bytes of chunksOf(body)) yield { kind: 'bytes', bytes };
}

type Field = { readonly name: string; text: string; bytes: number };

/** The parts of a form: the one with a file passes through, fields are gathered. */
async function* readFields(pieces: AsyncGenerator<FormPiece>): AsyncGenerator<UploadPiece> {
  let field: Field | null = null;
  for await (const piece of pieces) {
    if (piece.kind === 'bytes') {
      if (field === null) yield piece;
      else gather(field, piece.bytes);
      continue;
    }
    if (field !== null) yield fieldOf(field);
    if (piece.kind === 'malformed') {
      yield malformed('', piece.message);
      return;
    }
    const { name, file } = partOf(piece.headers);
    field = file === null ? { name, text: '', bytes: 0 } : null;
    if (file !== null) yield file;
  }
  if (field !== null) yield fieldOf(field);
}

const decoder = new TextDecoder();

/** The fields that there are hold ASCII. */
function gather(field: Field, bytes: Uint8Array): void {
  field.bytes += bytes.byteLength;
  if (field.bytes <= FIELD_BYTES_MAX) field.text += decoder.decode(bytes);
}

type FilePiece = Extract<UploadPiece, { kind: 'file' }>;

function partOf(headers: ReadonlyMap<string, string>): {
  readonly name: string;
  readonly file: FilePiece | null;
} {
  const disposition = headers.get('content-disposition') ?? '';
  const name = parameterOf(disposition, 'name') ?? '';
  const filename = parameterOf(disposition, 'filename');
  if (filename === null && name !== 'file') return { name, file: null };
  return {
    name,
    file: {
      kind: 'file',
      name: filename === null ? null : bareName(filename),
      declaredType: headers.get('content-type') ?? null,
      typePointer: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    },
  };
}

/** A quoted parameter as browsers write it (WHATWG HTML, multipart/form-data): `%22`, `%0D` and `%0A` are escapes. */
function parameterOf(disposition: string, name: string): string | null {
  const match = new RegExp(`[;\\s]${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i').exec(
    disposition,
  );
  const value = match?.[1] ?? match?.[2];
  return value === undefined
    ? null
    : value
        .replaceAll('%22', '"')
        .replaceAll(/\\(.)/g, '$1')
        .replaceAll(/%0[AD]/gi, ' ');
}

/** The name without folders and control characters; null when nothing is left. */
function bareName(name: string): string | null {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const bare = last
    .replaceAll(/\p{Cc}/gu, '')
    .trim()
    .slice(0, NAME_CHARACTERS_MAX)
    .toWellFormed();
  return bare === '' ? null : bare;
}

function fieldOf({ name, text, bytes }: Field): UploadPiece {
  const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  if (name !== 'expires_in') {
    return malformed(pointer, 'is not a field of this form; there are file and expires_in');
  }
  const parsed = expiresInField.safeParse(bytes > FIELD_BYTES_MAX ? '' : text.trim());
  if (parsed.success) return { kind: 'expires_in', ms: durationMs(parsed.data, 0) };
  return malformed(pointer, parsed.error.issues[0]?.message ?? 'is not a duration');
}

function malformed(pointer: string, message: string): UploadPiece {
  const violations = [{ pointer, code: 'invalid', message }];
  return { kind: 'malformed', failure: { code: 'invalid_request', message, violations } };
}
