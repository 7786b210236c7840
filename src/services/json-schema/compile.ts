import { compileSchema, type SchemaNode } from 'json-schema-library';

import type { Violation } from '../../domain/failure.ts';
import {
  isJsonObject,
  jsonPointer,
  utf8Bytes,
  type Json,
  type JsonObject,
} from '../../domain/json.ts';
import { drafts, patternProblem } from './linear-patterns.ts';
import { sentenceOf } from './sentences.ts';

/**
 * JSON Schemas of users: 2020-12, or draft-07 by `$schema`. A schema is checked before it is used; it may not
 * point outside itself, and its size and depth are bounded.
 */
const SCHEMA_BYTES_MAX = 65_536;
const DEPTH_MAX = 40;
/** More violations than this help nobody and cost room in events. */
const VIOLATIONS_MAX = 50;

export type JsonSchemaCheck = (value: Json) => Violation[];

export type CompiledSchema =
  | { readonly ok: true; readonly check: JsonSchemaCheck }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** Compiles a schema, or says what is wrong with it; pointers are relative to the schema. */
export function compileJsonSchema(schema: JsonObject): CompiledSchema {
  const outer = boundsProblems(schema);
  if (outer.length > 0) return { ok: false, violations: outer };
  const problems = [...walkProblems(schema, schema, [])];
  if (problems.length > 0) return { ok: false, violations: problems };
  const node = compileSchema(schema, { drafts });
  const wrong = node.schemaErrors ?? [];
  if (wrong.length > 0) {
    return { ok: false, violations: wrong.map((error) => schemaViolation(error)) };
  }
  return { ok: true, check: (value) => violationsIn(node, value) };
}

function boundsProblems(schema: JsonObject): Violation[] {
  const bytes = utf8Bytes(JSON.stringify(schema));
  if (bytes <= SCHEMA_BYTES_MAX) return [];
  const message = `the schema takes ${bytes} bytes; at most ${SCHEMA_BYTES_MAX} are allowed`;
  return [{ pointer: '', code: 'schema_too_large', message }];
}

/** Problems that the library would not report: outside references, patterns beyond RE2, too deep nesting. */
function* walkProblems(
  root: Json,
  value: Json,
  path: readonly PropertyKey[],
): Generator<Violation> {
  if (path.length > DEPTH_MAX) {
    const message = `the schema is nested deeper than ${DEPTH_MAX} levels`;
    yield { pointer: jsonPointer(path), code: 'schema_too_deep', message };
    return;
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* walkProblems(root, item, [...path, index]);
    return;
  }
  if (!isJsonObject(value)) return;
  yield* referenceProblems(root, value, path);
  yield* patternProblems(value, path);
  for (const [key, inner] of Object.entries(value)) {
    // What `enum`, `const`, `default` and `examples` hold is data, not schema.
    if (!['enum', 'const', 'default', 'examples'].includes(key))
      yield* walkProblems(root, inner, [...path, key]);
  }
}

function* referenceProblems(
  root: Json,
  schema: JsonObject,
  path: readonly PropertyKey[],
): Generator<Violation> {
  for (const keyword of ['$ref', '$dynamicRef']) {
    const reference = schema[keyword];
    if (typeof reference !== 'string') continue;
    const at = { pointer: jsonPointer([...path, keyword]), code: 'schema_reference' };
    if (!reference.startsWith('#')) {
      yield { ...at, message: 'may only point inside the schema itself, beginning with "#"' };
    } else if (reference.startsWith('#/') && !leadsSomewhere(root, reference)) {
      yield { ...at, message: `leads nowhere: the schema has nothing at ${reference}` };
    }
  }
}

/** True when a local reference such as `#/$defs/name` names a place in the schema. */
function leadsSomewhere(root: Json, reference: string): boolean {
  let current: Json | undefined = root;
  for (const part of percentDecoded(reference.slice(2)).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(current)) current = current[Number(key)];
    else current = isJsonObject(current) && Object.hasOwn(current, key) ? current[key] : undefined;
  }
  return current !== undefined;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function* patternProblems(schema: JsonObject, path: readonly PropertyKey[]): Generator<Violation> {
  const { pattern } = schema;
  const problem = typeof pattern === 'string' ? patternProblem(pattern) : null;
  if (problem !== null) {
    yield { pointer: jsonPointer([...path, 'pattern']), code: 'schema_pattern', message: problem };
  }
  const names = isJsonObject(schema['patternProperties'])
    ? Object.keys(schema['patternProperties'])
    : [];
  for (const name of names) {
    const wrong = patternProblem(name);
    const pointer = jsonPointer([...path, 'patternProperties', name]);
    if (wrong !== null) yield { pointer, code: 'schema_pattern', message: wrong };
  }
}

type LibraryError = ReturnType<SchemaNode['validate']>['errors'][number];

function schemaViolation(error: LibraryError): Violation {
  const text = error.message.replace(/^Invalid schema found at [^:]*: /, '');
  return { pointer: pointerOf(error), code: 'schema', message: text };
}

function codeOf({ code }: LibraryError): string {
  return typeof code === 'string' ? code : 'unknown';
}

function pointerOf({ data }: LibraryError): string {
  return data.pointer.replace(/^#/, '');
}

function violationsIn(node: SchemaNode, value: Json): Violation[] {
  const { errors } = node.validate(value);
  return errors.slice(0, VIOLATIONS_MAX).map((error) => {
    const { key, ...sentence } = sentenceOf(codeOf(error), error.data);
    const at = pointerOf(error);
    return { pointer: key === undefined ? at : `${at}${jsonPointer([key])}`, ...sentence };
  });
}
