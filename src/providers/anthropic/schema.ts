import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { isList } from '../shared/json-fields.ts';

/**
 * Constraints that make Anthropic refuse the whole schema. They are left out: the check of the output afterwards is
 * against the schema as it was written.
 * UNVERIFIED: the list is from its published limits and may be longer than it needs to be by now.
 */
const notEnforced: ReadonlySet<string> = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'default',
  'examples',
  '$schema',
  '$id',
]);

/** What has no equivalent: a schema with one of these cannot be enforced at all. */
const beyond: ReadonlySet<string> = new Set([
  'oneOf',
  'allOf',
  'not',
  'if',
  'then',
  'else',
  'patternProperties',
  'prefixItems',
  'contains',
  'dependentSchemas',
  'dependentRequired',
  'propertyNames',
  'unevaluatedProperties',
  'unevaluatedItems',
]);

const mapKeywords: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions']);
const dataKeywords: ReadonlySet<string> = new Set(['enum', 'const']);

/**
 * The schema as Anthropic can enforce it, closed and without what it refuses; null when that would change what the
 * output may be, as with an object of any keys.
 */
export function enforceable(schema: JsonObject): JsonObject | null {
  const entries = Object.entries(schema).filter(([keyword]) => !notEnforced.has(keyword));
  const mixes = schema['properties'] !== undefined && schema['anyOf'] !== undefined;
  if (mixes || entries.some(([keyword]) => beyond.has(keyword))) return null;
  const fitted = eachFitted(entries, fit);
  return fitted === null ? null : closed(fitted);
}

function fit(value: Json, keyword: string): Json | null {
  if (dataKeywords.has(keyword)) return value;
  if (mapKeywords.has(keyword)) {
    return isJsonObject(value) ? eachFitted(Object.entries(value), child) : null;
  }
  if (keyword === 'anyOf') return isList(value) ? children(value) : null;
  if (keyword === 'items') return child(value);
  // Only "none" and "one at least" are known.
  return keyword === 'minItems' ? Math.min(1, Number(value)) : value;
}

function eachFitted(
  entries: readonly (readonly [string, Json])[],
  fitOne: (value: Json, name: string) => Json | null,
): JsonObject | null {
  const fitted = entries.map(([name, value]) => [name, fitOne(value, name)] as const);
  return fitted.some(([, value]) => value === null) ? null : Object.fromEntries(fitted);
}

function child(schema: Json): JsonObject | null {
  return isJsonObject(schema) ? enforceable(schema) : null;
}

function children(schemas: readonly Json[]): readonly Json[] | null {
  const fitted = schemas.map(child);
  return fitted.some((schema) => schema === null) ? null : fitted;
}

/** An object must say that it has no other properties; one whose properties are not listed cannot say so. */
function closed(schema: JsonObject): JsonObject | null {
  const { type, properties, additionalProperties } = schema;
  const isObject = type === 'object' || (isList(type) && type.includes('object'));
  if (!isObject && properties === undefined) return schema;
  const isOpen = additionalProperties !== undefined && typeof additionalProperties !== 'boolean';
  if (properties === undefined || isOpen) return null;
  return { ...schema, additionalProperties: false };
}
