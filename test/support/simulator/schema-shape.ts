import { isJsonObject, type Json, type JsonObject } from '../../../src/domain/json.ts';

/** Follows `$ref`, takes the first branch of a choice and folds `allOf` in, so that one plain schema is left. */
export function resolveSchema(schema: Json | undefined, root: Json): JsonObject {
  let current = asSchema(schema);
  for (let hops = 0; hops < 16; hops += 1) {
    const next = resolveOnce(current, root);
    if (next === null) return current;
    current = next;
  }
  return current;
}

/** The type a value should have; a list of types means its first one that is not null. */
export function typeOf(schema: JsonObject): string {
  const { type } = schema;
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) {
    const names = type.filter((name: Json) => typeof name === 'string');
    return names.find((name) => name !== 'null') ?? 'null';
  }
  return typeFromKeywords(schema);
}

/** The number under a keyword, when there is one. */
export function numberAt(schema: JsonObject, keyword: string): number | undefined {
  const value = schema[keyword];
  return typeof value === 'number' ? value : undefined;
}

export function objectAt(schema: JsonObject, keyword: string): JsonObject {
  return asSchema(schema[keyword]);
}

export function textsAt(schema: JsonObject, keyword: string): readonly string[] {
  const value = schema[keyword];
  if (!Array.isArray(value)) return [];
  return value.filter((item: Json) => typeof item === 'string');
}

function asSchema(schema: Json | undefined): JsonObject {
  return schema !== undefined && isJsonObject(schema) ? schema : {};
}

function resolveOnce(schema: JsonObject, root: Json): JsonObject | null {
  const { $ref, allOf, anyOf, oneOf, ...rest } = schema;
  if (typeof $ref === 'string') return merge(rest, atPointer(root, $ref));
  if (Array.isArray(allOf)) {
    const others = { ...rest, ...(anyOf && { anyOf }), ...(oneOf && { oneOf }) };
    return allOf.reduce<JsonObject>((all, part: Json) => merge(all, asSchema(part)), others);
  }
  const choice = anyOf ?? oneOf;
  return Array.isArray(choice) ? merge(rest, asSchema(choice[0])) : null;
}

function merge(left: JsonObject, right: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...left, ...right };
  if (left['properties'] !== undefined && right['properties'] !== undefined) {
    merged['properties'] = { ...objectAt(left, 'properties'), ...objectAt(right, 'properties') };
  }
  if (left['required'] !== undefined && right['required'] !== undefined) {
    merged['required'] = [...textsAt(left, 'required'), ...textsAt(right, 'required')];
  }
  return merged;
}

function atPointer(root: Json, reference: string): JsonObject {
  const parts = reference.replace(/^#\/?/, '').split('/').filter(Boolean);
  let current: Json | undefined = root;
  for (const part of parts) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    current = asSchema(current)[key];
  }
  return asSchema(current);
}

function typeFromKeywords(schema: JsonObject): string {
  if ('properties' in schema || 'required' in schema) return 'object';
  if ('items' in schema || 'prefixItems' in schema) return 'array';
  if ('minimum' in schema || 'maximum' in schema) return 'number';
  return 'string';
}
