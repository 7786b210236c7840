import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { MediaRef } from '../../domain/model/media.ts';
import { MediaSlot, type WireValue } from '../http/wire-body.ts';
import { parseJsonPath, valueAt, type JsonPath } from './path.ts';

/** JSON of a request with places of the call in it. Nothing is computed: a place is read, and that is all. */
export type Template =
  | { readonly kind: 'literal'; readonly value: Json }
  /** A string that is one place and nothing else: the value itself, with its type. */
  | { readonly kind: 'place'; readonly path: JsonPath }
  | { readonly kind: 'text'; readonly parts: readonly Template[] }
  | { readonly kind: 'list'; readonly items: readonly Template[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Template])[] }
  | { readonly kind: 'file'; readonly file: FilePlace; readonly as: MediaSlot['as'] };

/** A file of the call, or all of a list of them. */
export type FilePlace = {
  readonly field: 'audio' | 'images';
  /** Null for every file of the list. */
  readonly index: number | null;
};

/** What the places of a template are read from. */
export type TemplateScope = {
  readonly values: JsonObject;
  readonly files: Readonly<Record<FilePlace['field'], readonly MediaRef[]>>;
};

export type TemplateProblem = { readonly path: readonly PropertyKey[]; readonly message: string };

const opening = '${{';
const closing = '}}';
const fileKey = '$file';
const filePath = /^call\.(?:(audio)|(images)(?:\[(?:\*|(\d{1,3}))\])?)$/;
const forms: readonly MediaSlot['as'][] = ['base64', 'data_url', 'url'];

/** Compiles JSON with `${{ … }}` in its strings and `{ "$file": … }` for files; mistakes go to `problems`. */
export function compileTemplate(
  value: Json,
  path: readonly PropertyKey[],
  problems: TemplateProblem[],
): Template {
  if (typeof value === 'string') return compileText(value, path, problems);
  if (Array.isArray(value)) {
    const list: readonly Json[] = value;
    const items = list.map((item, at) => compileTemplate(item, [...path, at], problems));
    return { kind: 'list', items };
  }
  if (!isJsonObject(value)) return { kind: 'literal', value };
  if (Object.hasOwn(value, fileKey)) return compileFile(value, path, problems);
  const entries = Object.entries(value).map(
    ([name, inner]) => [name, compileTemplate(inner, [...path, name], problems)] as const,
  );
  return { kind: 'object', entries };
}

function compileText(
  text: string,
  path: readonly PropertyKey[],
  problems: TemplateProblem[],
): Template {
  const parts: Template[] = [];
  let at = 0;
  for (let open = text.indexOf(opening); open !== -1; open = text.indexOf(opening, at)) {
    const close = text.indexOf(closing, open);
    if (close === -1) {
      problems.push({ path, message: `has a "${opening}" without its "${closing}"` });
      return { kind: 'literal', value: text };
    }
    if (open > at) parts.push({ kind: 'literal', value: text.slice(at, open) });
    parts.push(compilePlace(text.slice(open + opening.length, close), path, problems));
    at = close + closing.length;
  }
  if (at < text.length) parts.push({ kind: 'literal', value: text.slice(at) });
  const [first] = parts;
  if (first === undefined) return { kind: 'literal', value: text };
  return parts.length === 1 ? first : { kind: 'text', parts };
}

function compilePlace(
  source: string,
  path: readonly PropertyKey[],
  problems: TemplateProblem[],
): Template {
  const place = parseJsonPath(source);
  if (place !== null) return { kind: 'place', path: place };
  const message = `${JSON.stringify(source.trim())} is no place; write one like call.texts or call.messages[0].content: nothing is computed here`;
  problems.push({ path, message });
  return { kind: 'literal', value: '' };
}

function compileFile(
  { [fileKey]: source, as = 'base64', ...others }: JsonObject,
  path: readonly PropertyKey[],
  problems: TemplateProblem[],
): Template {
  const file = filePlaceOf(source);
  const form = forms.find((known) => known === as);
  if (file === null) {
    const message = 'must be "call.audio", "call.images[*]" or one of them, "call.images[0]"';
    problems.push({ path: [...path, fileKey], message });
  }
  if (form === undefined) {
    problems.push({ path: [...path, 'as'], message: `must be one of ${forms.join(', ')}` });
  }
  for (const name of Object.keys(others)) {
    problems.push({ path: [...path, name], message: `a file has "${fileKey}" and "as" alone` });
  }
  if (file === null || form === undefined) return { kind: 'literal', value: null };
  return { kind: 'file', file, as: form };
}

function filePlaceOf(source: Json | undefined): FilePlace | null {
  if (typeof source !== 'string') return null;
  const [, audio, images, index] = filePath.exec(source) ?? [];
  if (audio !== undefined) return { field: 'audio', index: 0 };
  if (images === undefined) return null;
  return { field: 'images', index: index === undefined ? null : Number(index) };
}

/** The template with the call in its places; undefined when it is a place where there is nothing. */
export function fillTemplate(template: Template, scope: TemplateScope): WireValue | undefined {
  switch (template.kind) {
    case 'literal':
      return template.value;
    case 'place':
      return valueAt(scope.values, template.path);
    case 'text':
      return template.parts.map((inner) => textOf(fillTemplate(inner, scope))).join('');
    case 'list':
      return template.items.flatMap((inner) => present(fillTemplate(inner, scope)));
    case 'object':
      return Object.fromEntries(
        template.entries.flatMap(([name, inner]) =>
          present(fillTemplate(inner, scope)).map((value) => [name, value]),
        ),
      );
    case 'file': {
      const slots = filesAt(template.file, scope).map((media) => new MediaSlot(media, template.as));
      return template.file.index === null ? slots : slots[0];
    }
  }
}

export function filesAt(
  { field, index }: FilePlace,
  { files }: TemplateScope,
): readonly MediaRef[] {
  return index === null ? files[field] : files[field].slice(index, index + 1);
}

/** A value as a part of a text: nothing where it is absent, compact JSON where it is not a scalar. */
export function textOf(value: WireValue | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Every place that a template reads, files included. */
export function placesIn(template: Template): readonly JsonPath[] {
  switch (template.kind) {
    case 'literal':
      return [];
    case 'place':
      return [template.path];
    case 'text':
      return template.parts.flatMap(placesIn);
    case 'list':
      return template.items.flatMap(placesIn);
    case 'object':
      return template.entries.flatMap(([, inner]) => placesIn(inner));
    case 'file':
      return [['call', template.file.field]];
  }
}

function present(value: WireValue | undefined): readonly WireValue[] {
  return value === undefined ? [] : [value];
}
