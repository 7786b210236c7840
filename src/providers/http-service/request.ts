import type { JsonObject } from '../../domain/json.ts';
import type { MediaRef } from '../../domain/model/media.ts';
import type { ModelCall } from '../../domain/model/model-call.ts';
import {
  FileBody,
  MediaSlot,
  MultipartBody,
  type WireBody,
  type WireValue,
} from '../http/wire-body.ts';
import type { Ticket, WireRequest } from '../port.ts';
import { scopeOf } from './call-scope.ts';
import type { RequestSettings } from './settings/request.ts';
import { fillTemplate, filesAt, textOf, type Template, type TemplateScope } from './template.ts';

type FormField = MultipartBody['fields'][number];

/** The request that begins a call; without a key it is the same but for the places of the key. */
export function submitRequest(
  settings: RequestSettings,
  call: ModelCall,
  idempotencyKey?: string,
): WireRequest {
  const more = idempotencyKey === undefined ? {} : { idempotency_key: idempotencyKey };
  return fillRequest(settings, scopeOf(call, more), call.options ?? {});
}

/** A request about work that the service has taken. */
export function ticketRequest(
  settings: RequestSettings,
  call: ModelCall,
  { providerJobId }: Ticket,
): WireRequest {
  return fillRequest(settings, scopeOf(call, { ticket: providerJobId }), {});
}

function fillRequest(
  { method, path, headers, body }: RequestSettings,
  scope: TemplateScope,
  options: JsonObject,
): WireRequest {
  const isEmpty = body.kind === 'none' && Object.keys(options).length === 0;
  const content = isEmpty ? { type: null, body: {} } : contentOf(body, scope, options);
  const own = headers.map(([name, template]) => [name, textOf(fillTemplate(template, scope))]);
  const hasBody = method !== 'GET' && method !== 'DELETE' && content.type !== null;
  return {
    method,
    path: pathOf(path, scope),
    headers: {
      accept: 'application/json',
      ...(hasBody ? { 'content-type': content.type } : {}),
      ...Object.fromEntries(own.filter(([, value]) => value !== '')),
    },
    body: content.body,
  };
}

type Content = { readonly type: string | null; readonly body: WireBody };

/** The options are further fields of the body; what the settings put into it wins. */
function contentOf(
  body: RequestSettings['body'],
  scope: TemplateScope,
  options: JsonObject,
): Content {
  switch (body.kind) {
    case 'none':
      return { type: 'application/json', body: options };
    case 'json': {
      const filled = fillTemplate(body.template, scope) ?? {};
      return {
        type: 'application/json',
        body: isFields(filled) ? { ...options, ...filled } : filled,
      };
    }
    case 'form': {
      const fields = body.fields.flatMap(([name, template]) => formFields(name, template, scope));
      // A form's content type has its boundary, which only `fetch` knows.
      return { type: null, body: new MultipartBody(withOptions(fields, options)) };
    }
    case 'file': {
      const [media] = filesAt(body.file, scope);
      return media === undefined
        ? { type: null, body: {} }
        : { type: media.mimeType, body: new FileBody(media) };
    }
  }
}

function isFields(value: WireValue): value is { readonly [name: string]: WireValue } {
  if (typeof value !== 'object' || value === null) return false;
  return !Array.isArray(value) && !(value instanceof MediaSlot);
}

/** A file is sent as its bytes, a list as one field for each item, and everything else as text. */
function formFields(name: string, template: Template, scope: TemplateScope): readonly FormField[] {
  if (template.kind === 'file') {
    return filesAt(template.file, scope).map((media: MediaRef) => ({ name, value: media }));
  }
  const value = fillTemplate(template, scope);
  if (value === undefined || value instanceof MediaSlot) return [];
  const items = Array.isArray(value) ? value : [value];
  return items.map((item) => ({ name, value: textOf(item) }));
}

function withOptions(fields: readonly FormField[], options: JsonObject): readonly FormField[] {
  const taken = new Set(fields.map(({ name }) => name));
  const added = Object.entries(options)
    .filter(([name]) => !taken.has(name))
    .map(([name, value]) => ({ name, value: textOf(value) }));
  return [...fields, ...added];
}

/**
 * The path with values percent-encoded. A value never makes a segment of dots, which would lead out of the path that
 * the settings name.
 */
function pathOf(template: Template, scope: TemplateScope): string {
  const parts = template.kind === 'text' ? template.parts : [template];
  const path = parts
    .map((part) => {
      const text = textOf(fillTemplate(part, scope));
      return part.kind === 'literal' ? text : encodeURIComponent(text);
    })
    .join('');
  return path.replaceAll(/(?<=\/)\.{1,2}(?=[/?]|$)/g, '-');
}
