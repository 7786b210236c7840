import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { isList } from '../shared/json-fields.ts';

/**
 * What Anthropic takes in a schema, as its own SDK has it. Everything else (lengths, ranges, patterns, defaults) would
 * make it refuse the whole and is left out: the check of the output afterwards is against the schema as it was written.
 */
const kept: ReadonlySet<string> = new Set([
  'type',
  'enum',
  'const',
  'anyOf',
  'oneOf',
  'description',
  'title',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'minItems',
  'format',
  '$ref',
  '$defs',
]);

const formats: ReadonlySet<Json> = new Set<Json>([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
]);

/** What has no equivalent: a schema with one of these cannot be enforced at all. */
const beyond: ReadonlySet<string> = new Set([
  'allOf',
  'not',
  'if',
  'then',
  'else',
  'definitions',
  'patternProperties',
  'prefixItems',
  'contains',
  'dependentSchemas',
  'dependentRequired',
  'propertyNames',
  'unevaluatedProperties',
  'unevaluatedItems',
]);

const mapKeywords: ReadonlySet<string> = new Set(['properties', '$defs']);
const dataKeywords: ReadonlySet<string> = new Set(['enum', 'const']);
/** Without one of these a schema allows anything, which cannot be enforced. */
const constraining = ['type', 'enum', 'const', 'anyOf', 'oneOf', '$ref', 'properties'];

/**
 * The schema as Anthropic can enforce it, closed and without what it refuses; null when that would change what the
 * output may be, as with an object of any keys.
 */
export function enforceable(schema: JsonObject): JsonObject | null {
  const { properties, anyOf, oneOf } = schema;
  const branches = [properties, anyOf, oneOf].filter((branch) => branch !== undefined);
  const isFree = !constraining.some((keyword) => keyword in schema);
  const isBeyond = Object.keys(schema).some((keyword) => beyond.has(keyword));
  if (branches.length > 1 || isFree || isBeyond) return null;
  const entries = Object.entries(schema).filter(([keyword, value]) => isTaken(keyword, value));
  const fitted = eachFitted(entries, fit);
  return fitted === null ? null : closed(withAnyOf(fitted));
}

function isTaken(keyword: string, value: Json): boolean {
  return kept.has(keyword) && (keyword !== 'format' || formats.has(value));
}

function fit(value: Json, keyword: string): Json | null {
  if (dataKeywords.has(keyword)) return value;
  if (mapKeywords.has(keyword)) {
    return isJsonObject(value) ? eachFitted(Object.entries(value), child) : null;
  }
  if (keyword === 'anyOf' || keyword === 'oneOf') return isList(value) ? children(value) : null;
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

/** That exactly one alternative fits is checked afterwards; that one does is enforced. */
function withAnyOf({ oneOf, ...schema }: JsonObject): JsonObject {
  return oneOf === undefined ? schema : { ...schema, anyOf: oneOf };
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
