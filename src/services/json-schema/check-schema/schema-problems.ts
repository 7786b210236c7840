import type { Violation } from '../../../domain/job/failure.ts';
import { isJsonObject, jsonPointer, type Json, type JsonObject } from '../../../domain/json.ts';
import { patternProblem } from '../linear-patterns.ts';
import { isDataKeyword, isNameTable } from './keyword-kinds.ts';
import { landscapeOf, referenceProblems, type Landscape } from './references.ts';
import { ruleProblems } from './rule-values.ts';

const DEPTH_MAX = 40;

type Path = readonly PropertyKey[];

/** What the library would not report about a schema, or would throw at; pointers are relative to the schema. */
export function schemaProblems(schema: JsonObject): Violation[] {
  return [...problemsAt(landscapeOf(schema), schema, [])];
}

function* problemsAt(landscape: Landscape, value: Json, path: Path): Generator<Violation> {
  if (path.length > DEPTH_MAX) {
    const message = `the schema is nested deeper than ${DEPTH_MAX} levels`;
    yield { pointer: jsonPointer(path), code: 'schema_too_deep', message };
    return;
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      yield* problemsAt(landscape, item, [...path, index]);
    return;
  }
  if (!isJsonObject(value)) return;
  yield* ruleProblems(value, path);
  yield* referenceProblems(landscape, value, path);
  yield* patternProblems(value, path);
  for (const [keyword, inner] of Object.entries(value)) {
    if (isDataKeyword(keyword)) continue;
    const at = [...path, keyword];
    yield* isNameTable(keyword)
      ? namedProblems(landscape, inner, at)
      : problemsAt(landscape, inner, at);
  }
}

/** The keys here are names that the user chose, even where one is spelled like a keyword. */
function* namedProblems(landscape: Landscape, table: Json, path: Path): Generator<Violation> {
  if (!isJsonObject(table)) return;
  for (const [name, schema] of Object.entries(table)) {
    yield* problemsAt(landscape, schema, [...path, name]);
  }
}

function* patternProblems(schema: JsonObject, path: Path): Generator<Violation> {
  const { pattern, patternProperties } = schema;
  if (typeof pattern === 'string') yield* patternProblemAt(pattern, [...path, 'pattern']);
  if (!isJsonObject(patternProperties)) return;
  for (const name of Object.keys(patternProperties)) {
    yield* patternProblemAt(name, [...path, 'patternProperties', name]);
  }
}

function* patternProblemAt(pattern: string, path: Path): Generator<Violation> {
  const message = patternProblem(pattern);
  if (message !== null) yield { pointer: jsonPointer(path), code: 'schema_pattern', message };
}
