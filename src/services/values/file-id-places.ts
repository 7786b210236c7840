import { isJsonObject, jsonPointer, type Json, type JsonObject } from '../../domain/json.ts';

/** A string at a place that the schema marks with `"format": "file-id"`. */
export type FileIdPlace = { readonly pointer: string; readonly text: string };

/** Schemas are bounded in depth; references may go in circles. */
const DEPTH_MAX = 60;

/**
 * Finds the places of a value that its schema marks as ids of files: through `properties`, `additionalProperties`,
 * `items`, `prefixItems`, `allOf`, `anyOf`, `oneOf` and references into `$defs` or `definitions`.
 */
export function fileIdPlaces(schema: JsonObject, value: Json): readonly FileIdPlace[] {
  const found = new Map<string, string>();
  walk({ root: schema, found }, schema, value, []);
  return [...found].map(([pointer, text]) => ({ pointer, text }));
}

type Walk = { readonly root: JsonObject; readonly found: Map<string, string> };

function walk(
  state: Walk,
  schema: Json | undefined,
  value: Json,
  path: readonly PropertyKey[],
  depth = 0,
): void {
  if (schema === undefined || !isJsonObject(schema) || depth > DEPTH_MAX) return;
  if (typeof value === 'string') {
    if (schema['format'] === 'file-id') state.found.set(jsonPointer(path), value);
  } else if (Array.isArray(value)) walkItems(state, schema, value, path, depth);
  else if (isJsonObject(value)) walkFields(state, schema, value, path, depth);
  for (const same of sameValue(state.root, schema)) walk(state, same, value, path, depth + 1);
}

/** Schemas that speak about the same value. */
function sameValue(root: JsonObject, schema: JsonObject): readonly Json[] {
  const combined = ['allOf', 'anyOf', 'oneOf'].flatMap((keyword) => {
    const list = schema[keyword];
    return Array.isArray(list) ? list : [];
  });
  const reference = schema['$ref'];
  const target = typeof reference === 'string' ? definitionAt(root, reference) : undefined;
  return target === undefined ? combined : [...combined, target];
}

function definitionAt(root: JsonObject, reference: string): Json | undefined {
  if (reference === '#') return root;
  const [, keyword = '', name = ''] = /^#\/(\$defs|definitions)\/([^/]+)$/.exec(reference) ?? [];
  const definitions = root[keyword];
  const key = name.replaceAll('~1', '/').replaceAll('~0', '~');
  if (definitions === undefined || !isJsonObject(definitions)) return undefined;
  return Object.hasOwn(definitions, key) ? definitions[key] : undefined;
}

function walkItems(
  state: Walk,
  schema: JsonObject,
  items: readonly Json[],
  path: readonly PropertyKey[],
  depth: number,
): void {
  const { prefixItems, items: rest } = schema;
  const first = Array.isArray(prefixItems) ? prefixItems : [];
  for (const [index, item] of items.entries()) {
    walk(state, first[index] ?? rest, item, [...path, index], depth + 1);
  }
}

function walkFields(
  state: Walk,
  schema: JsonObject,
  value: JsonObject,
  path: readonly PropertyKey[],
  depth: number,
): void {
  const { properties, additionalProperties } = schema;
  const named = isJsonObject(properties) ? properties : {};
  for (const [key, inner] of Object.entries(value)) {
    const own = Object.hasOwn(named, key) ? named[key] : additionalProperties;
    walk(state, own, inner, [...path, key], depth + 1);
  }
}
