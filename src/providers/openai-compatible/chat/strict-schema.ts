import { isJsonObject, type Json, type JsonObject } from '../../../domain/json.ts';

/** What a strict schema may say; anything else makes OpenAI refuse the whole request. */
const allowedKeywords: ReadonlySet<string> = new Set([
  'type',
  'title',
  'description',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'const',
  'anyOf',
  '$ref',
  '$defs',
  'definitions',
  'pattern',
  'format',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minItems',
  'maxItems',
]);

/**
 * Can this schema be enforced token by token? Then every object lists all its properties as required and
 * allows no others, the root is an object, and only a part of JSON Schema is used.
 */
export function isStrictSchema(schema: JsonObject): boolean {
  return schema['type'] === 'object' && schema['anyOf'] === undefined && isStrict(schema);
}

function isStrict(schema: Json | undefined): boolean {
  if (schema === undefined || !isJsonObject(schema)) return false;
  if (!Object.keys(schema).every((keyword) => allowedKeywords.has(keyword))) return false;
  if (mentionsObject(schema) && !isClosedObject(schema)) return false;
  return childrenOf(schema).every((child) => isStrict(child));
}

function mentionsObject(schema: JsonObject): boolean {
  const { type } = schema;
  const named = Array.isArray(type) ? type.includes('object') : type === 'object';
  return named || schema['properties'] !== undefined;
}

function isClosedObject(schema: JsonObject): boolean {
  const { properties = {}, required = [], additionalProperties } = schema;
  if (additionalProperties !== false || !isJsonObject(properties) || !Array.isArray(required)) {
    return false;
  }
  const names = new Set<Json>(required);
  return Object.keys(properties).every((name) => names.has(name));
}

function childrenOf(schema: JsonObject): readonly Json[] {
  const { items, anyOf = [] } = schema;
  const maps = [schema['properties'], schema['$defs'], schema['definitions']];
  return [
    ...maps.flatMap((map) => (map !== undefined && isJsonObject(map) ? Object.values(map) : [])),
    ...(items === undefined ? [] : [items]),
    ...(Array.isArray(anyOf) ? anyOf : [anyOf]),
  ];
}
