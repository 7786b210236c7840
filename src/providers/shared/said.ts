import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { WireReply } from '../port.ts';
import type { Said } from './failures.ts';
import { isList, textAt } from './json-fields.ts';

/**
 * What a reply says of an error, in the shapes that most services write: `{ message }`, `{ detail }` with a text, an
 * object or a list of `{ loc, msg, type }`, or `{ error }` with a text or an object; else the whole body.
 */
export function saidIn({ body, headers }: WireReply): Said {
  const fields = isJsonObject(body) ? body : {};
  const told = fields['message'] ?? fields['detail'] ?? fields['error'];
  const inner = told !== undefined && isJsonObject(told) ? told : fields;
  return {
    message: wordsIn(told ?? body),
    code: textAt(inner, 'code') ?? textAt(inner, 'type'),
    more: { request_id: requestIdOf(fields, headers) },
  };
}

/** The id that a service gave to the request, in a header or in the body. */
export function requestIdOf(body: JsonObject, headers: WireReply['headers']): string | null {
  const header = headers['x-request-id'] ?? headers['x-debug-trace-id'] ?? '';
  return header === '' ? textAt(body, 'id') : header;
}

/** The words of an error, whatever form they have. */
export function wordsIn(told: Json): string {
  if (typeof told === 'string') return told;
  if (isList(told)) return told.map(wordsIn).join('; ');
  if (!isJsonObject(told)) return JSON.stringify(told);
  const words = textAt(told, 'msg') ?? textAt(told, 'message');
  if (words === null) return JSON.stringify(told);
  const { loc } = told;
  return isList(loc) ? `${loc.map(wordsIn).join('.')}: ${words}` : words;
}
