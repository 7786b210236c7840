import { compileSchema, type SchemaNode } from 'json-schema-library';

import type { Violation } from '../../domain/job/failure.ts';
import { jsonPointer, utf8Bytes, type Json, type JsonObject } from '../../domain/json.ts';
import { withoutLibraryKeywords } from './check-schema/keyword-kinds.ts';
import { schemaProblems } from './check-schema/schema-problems.ts';
import { drafts } from './drafts.ts';
import { beginSteps } from './keywords/keyword.ts';
import { sentenceOf } from './sentences.ts';

/**
 * JSON Schemas of users: 2020-12, or draft-07 by `$schema`. A schema is checked before it is used; it may not
 * point outside itself, and its size and depth are bounded.
 */
const SCHEMA_BYTES_MAX = 65_536;
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
  const problems = schemaProblems(schema);
  if (problems.length > 0) return { ok: false, violations: problems };
  const node = compileSchema(withoutLibraryKeywords(schema), { drafts });
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

const TOO_COSTLY: Violation = {
  pointer: '',
  code: 'too_costly',
  message: 'takes too many steps to check against its schema; simplify the schema or send less',
};

/** Null when the check was given up: it ran out of steps, or the value is too deep for the stack. */
function errorsIn(node: SchemaNode, value: Json): LibraryError[] | null {
  beginSteps(node);
  try {
    return node.validate(value).errors;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function violationsIn(node: SchemaNode, value: Json): Violation[] {
  const errors = errorsIn(node, value);
  if (errors === null) return [TOO_COSTLY];
  return errors.slice(0, VIOLATIONS_MAX).map((error) => {
    const { key, ...sentence } = sentenceOf(codeOf(error), error.data);
    const at = pointerOf(error);
    return { pointer: key === undefined ? at : `${at}${jsonPointer([key])}`, ...sentence };
  });
}
