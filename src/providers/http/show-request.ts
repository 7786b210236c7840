import type { Json } from '../../domain/json.ts';
import type { MediaRef } from '../../domain/model/media.ts';
import type { ModelCall } from '../../domain/model/model-call.ts';
import { cutList, cutText, type ShownRequest } from '../../domain/shown-request.ts';
import type { ProviderAdapter, WireRequest } from '../port.ts';
import { FileBody, MediaSlot, MultipartBody, type WireBody } from './wire-body.ts';

/**
 * Headers that adapters set by themselves. The values of others come from the deployment's settings and are none of
 * the asking project's business.
 */
const OPEN_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'content-type',
  'anthropic-version',
  'prefer',
]);

/**
 * The request that an adapter makes of a call, as people may see it; null where it makes none of such a call. No
 * credential is in what `transformInput` gives: those are put in when the request is sent.
 */
export function showRequest(adapter: ProviderAdapter, call: ModelCall): ShownRequest | null {
  if (adapter.capabilities.local || !adapter.capabilities.kinds.includes(call.kind)) return null;
  const { method, path, headers, body } = adapter.transformInput(call);
  const hasBody = method !== 'GET' && method !== 'DELETE';
  return {
    method,
    path: withoutKeys(path),
    headers: openHeaders(headers),
    body: hasBody ? shownBody(body) : null,
  };
}

/** The path of a deployment's own service is its setting, and may hold what it should not. */
function withoutKeys(path: string): string {
  return path.replaceAll(/([?&][^=&]*(?:key|token|secret|sig|auth)[^=&]*=)[^&]*/gi, '$1…');
}

function openHeaders(headers: WireRequest['headers']): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    OPEN_HEADERS.has(name.toLowerCase()) ? value : '(set by the deployment)',
  ]);
  return Object.fromEntries(entries);
}

function shownBody(body: WireBody): Json {
  if (body instanceof FileBody) return placeOf(body.media, 'bytes');
  if (body instanceof MediaSlot) return placeOf(body.media, body.as);
  if (body instanceof MultipartBody) {
    return body.fields.map(({ name, value }) => ({
      name,
      value: typeof value === 'string' ? cutText(value) : placeOf(value, 'bytes'),
    }));
  }
  if (typeof body === 'string') return cutText(body);
  if (typeof body !== 'object' || body === null) return body;
  if (isList(body)) return cutList(body, shownBody);
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, shownBody(value)]));
}

function isList(body: object): body is readonly WireBody[] {
  return Array.isArray(body);
}

/** A file in the place of its bytes. */
function placeOf({ file, name, mimeType, bytes }: MediaRef, sentAs: string): Json {
  return { file, name, mime_type: mimeType, bytes, sent_as: sentAs };
}
