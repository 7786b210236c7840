import { isJsonObject, type Json } from '../../domain/json.ts';
import { isList } from '../shared/json-fields.ts';

/** `[*]`: every item of a list. */
const each = Symbol('each');

/** A place in JSON, from its root down; the empty path is the whole. */
export type JsonPath = readonly (string | number | typeof each)[];

const part = /(?:^|\.)([A-Za-z_][\w-]*)|\[(\d{1,9})\]|\[(\*)\]|\["([^"\\]*)"\]/g;
const whole = /^(?:\$|[A-Za-z_][\w-]*)?(?:\.[A-Za-z_][\w-]*|\[\d{1,9}\]|\[\*\]|\["[^"\\]*"\])*$/;

/** The path that a text is: `data[*].embedding`, `choices[0].text`, `["odd name"]`, `$` for the whole; null for none. */
export function parseJsonPath(text: string): JsonPath | null {
  const trimmed = text.trim();
  if (trimmed === '' || !whole.test(trimmed)) return null;
  const below = trimmed.startsWith('$') ? trimmed.slice(1) : trimmed;
  return [...below.matchAll(part)].map(([, name, index, star, quoted]) => {
    if (index !== undefined) return Number(index);
    return star === undefined ? (name ?? quoted ?? '') : each;
  });
}

/** The value at a path; undefined when there is none. Own properties only. With `[*]` it is a list of what is there. */
export function valueAt(root: Json, path: JsonPath): Json | undefined {
  if (path.includes(each)) {
    return itemsAt(root, path).flatMap((item) => (item === undefined ? [] : [item]));
  }
  return path.reduce<Json | undefined>(step, root);
}

/** The same for a place that may not be named. */
export function maybeAt(root: Json, path: JsonPath | undefined): Json | undefined {
  return path === undefined ? undefined : valueAt(root, path);
}

/**
 * The values that a path with `[*]` leads to, in their order; undefined keeps the place of one that is not there. A
 * path without `[*]` leads to a list and means its items.
 */
export function itemsAt(root: Json, path: JsonPath): readonly (Json | undefined)[] {
  const at = path.indexOf(each);
  const list = path.slice(0, at === -1 ? path.length : at).reduce<Json | undefined>(step, root);
  if (!isList(list)) return [];
  const rest = at === -1 ? [] : path.slice(at + 1);
  if (rest.includes(each)) return list.flatMap((item) => itemsAt(item, rest));
  return list.map((item) => rest.reduce<Json | undefined>(step, item));
}

function step(value: Json | undefined, name: JsonPath[number]): Json | undefined {
  if (isList(value)) return typeof name === 'number' ? value[name] : undefined;
  if (value === undefined || !isJsonObject(value) || typeof name !== 'string') return undefined;
  return Object.hasOwn(value, name) ? value[name] : undefined;
}
