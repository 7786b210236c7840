import type { Json } from '../../domain/json.ts';
import type { MediaRef } from '../../domain/model/media.ts';
import type { ErrorEvidence, MediaSource, WireRequest } from '../port.ts';
import { bytesToBase64 } from '../../domain/bytes.ts';
import { FileBody, MediaSlot, MultipartBody, type WireBody, type WireValue } from './wire-body.ts';

type Packed =
  | { readonly ok: true; readonly body: BodyInit | null }
  /** A file cannot be read: nothing was sent. */
  | { readonly ok: false; readonly evidence: ErrorEvidence };

/** Makes a request's body out of what the adapter wrote and the files that it names. */
export async function packBody(
  { method, body }: WireRequest,
  media: MediaSource | undefined,
): Promise<Packed> {
  if (method === 'GET' || method === 'DELETE') return { ok: true, body: null };
  try {
    return { ok: true, body: await pack(body, media ?? noMedia) };
  } catch (thrown) {
    const { name, message } = thrown instanceof Error ? thrown : new Error('unknown');
    return { ok: false, evidence: { kind: 'exception', name, message, sent: false } };
  }
}

async function pack(body: WireBody, media: MediaSource): Promise<BodyInit> {
  if (body instanceof FileBody) return media.stream(body.media);
  if (body instanceof MultipartBody) return packForm(body, media);
  return JSON.stringify(hasSlot(body) ? await fill(body, media) : body);
}

async function packForm({ fields }: MultipartBody, media: MediaSource): Promise<FormData> {
  const form = new FormData();
  for (const { name, value } of fields) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, await fileOf(value, media), value.name ?? defaultName(value));
  }
  return form;
}

async function fileOf(ref: MediaRef, media: MediaSource): Promise<Blob> {
  const bytes = await media.read(ref);
  return new Blob([bytes.slice()], { type: ref.mimeType });
}

/** Some providers tell a format by the file's name. */
function defaultName({ mimeType }: MediaRef): string {
  return `file.${mimeType.split('/')[1]?.replace(/^x-|\+.*$/g, '') ?? 'bin'}`;
}

function hasSlot(value: WireValue): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return value instanceof MediaSlot || Object.values(value).some(hasSlot);
}

async function fill(value: WireValue, media: MediaSource): Promise<Json> {
  if (value instanceof MediaSlot) return fillSlot(value, media);
  if (isList(value)) return Promise.all(value.map((entry) => fill(entry, media)));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(async ([name, entry]): Promise<[string, Json]> => [
    name,
    await fill(entry, media),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

async function fillSlot({ media: ref, as }: MediaSlot, media: MediaSource): Promise<string> {
  const url = as === 'url' ? await media.url(ref) : null;
  if (url !== null) return url;
  const data = bytesToBase64(await media.read(ref));
  return as === 'base64' ? data : `data:${ref.mimeType};base64,${data}`;
}

function isList(value: WireValue): value is readonly WireValue[] {
  return Array.isArray(value);
}

const noMedia: MediaSource = {
  read: () => Promise.reject(new Error('this call has no files')),
  stream: () => Promise.reject(new Error('this call has no files')),
  url: () => Promise.resolve(null),
};
