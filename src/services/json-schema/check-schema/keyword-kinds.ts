import { isJsonObject, type Json, type JsonObject } from '../../../domain/json.ts';

/** What these keywords hold is data, not schema. */
const DATA: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'examples']);

/** What these keywords hold is a table whose keys are names, not keywords. */
const NAME_TABLES: ReadonlySet<string> = new Set([
  '$defs',
  'definitions',
  'dependencies',
  'dependentSchemas',
  'patternProperties',
  'properties',
]);

/** Keywords that the library invented; a schema that follows the specification does not mean them. */
const LIBRARY_ONLY: ReadonlySet<string> = new Set(['errorMessages', 'oneOfProperty', 'regexFlags']);

export function isDataKeyword(keyword: string): boolean {
  return DATA.has(keyword);
}

export function isNameTable(keyword: string): boolean {
  return NAME_TABLES.has(keyword);
}

/** The schema without what only the library would understand. */
export function withoutLibraryKeywords(schema: JsonObject): JsonObject {
  const entries = Object.entries(schema)
    .filter(([keyword]) => !LIBRARY_ONLY.has(keyword))
    .map(([keyword, value]) => [keyword, isDataKeyword(keyword) ? value : inner(keyword, value)]);
  return Object.fromEntries(entries);
}

function inner(keyword: string, value: Json): Json {
  if (!isNameTable(keyword) || !isJsonObject(value)) return cleaned(value);
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, cleaned(schema)]));
}

function cleaned(value: Json): Json {
  if (Array.isArray(value)) return value.map(cleaned);
  return isJsonObject(value) ? withoutLibraryKeywords(value) : value;
}
