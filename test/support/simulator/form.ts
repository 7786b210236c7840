import type { JsonObject } from '../../../src/domain/json.ts';

const boundaryPattern = /^multipart\/form-data;.*boundary="?([^";]+)"?/i;
const headPattern = /name="([^"]*)"(?:; filename="([^"]*)")?/i;

/**
 * The fields of a `multipart/form-data` body, a file as its name, type and size; null when the body is none. A field
 * that is repeated becomes a list. The body was decoded as text, so a file's size is that of its text.
 */
export function readForm(contentType: string | undefined, text: string): JsonObject | null {
  const boundary = boundaryPattern.exec(contentType ?? '')?.[1];
  if (boundary === undefined) return null;
  const fields: { -readonly [Name in keyof JsonObject]: JsonObject[Name] } = {};
  for (const part of text.split(`--${boundary}`).slice(1, -1)) {
    const [head = '', ...rest] = part.split('\r\n\r\n');
    const [, name, filename] = headPattern.exec(head) ?? [];
    if (name === undefined) continue;
    const content = rest.join('\r\n\r\n').replace(/\r\n$/, '');
    const type = /content-type: *(\S+)/i.exec(head)?.[1] ?? 'application/octet-stream';
    const value = filename === undefined ? content : { filename, type, size: content.length };
    const before = fields[name];
    if (before === undefined) fields[name] = value;
    else fields[name] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return fields;
}
