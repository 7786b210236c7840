import type { Failure, Violation } from '../../domain/job/failure.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { compileJsonSchema, type JsonSchemaCheck } from '../json-schema/compile.ts';

/** Compiled schemas by the object they were compiled from, for as long as that object lives. */
const compiled = new WeakMap<JsonObject, JsonSchemaCheck>();

/** Checks a value against a schema; null when it passes. */
export function checkValue(schema: JsonObject, value: Json): Failure | null {
  return outputInvalid('the value does not satisfy its schema', violationsIn(schema, value));
}

/** What an output that breaks rules comes to; null when it breaks none. */
export function outputInvalid(sentence: string, violations: readonly Violation[]): Failure | null {
  if (violations.length === 0) return null;
  const [first] = violations;
  const rest = violations.length > 1 ? ` and ${violations.length - 1} more` : '';
  return {
    class: 'output_invalid',
    phase: 'finished',
    message: `${sentence}: ${describe(first)}${rest}`,
    violations,
  };
}

/** One violation as a sentence with its place. */
export function describe(violation: Violation | undefined): string {
  if (violation === undefined) return '';
  return `${violation.pointer === '' ? 'the value' : violation.pointer} ${violation.message}`;
}

/** The rules of a schema that a value breaks. */
export function violationsIn(schema: JsonObject, value: Json): Violation[] {
  return checkOf(schema)(value);
}

function checkOf(schema: JsonObject): JsonSchemaCheck {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const result = compileJsonSchema(schema);
  if (!result.ok) throw new Error('a stored schema no longer compiles');
  compiled.set(schema, result.check);
  return result.check;
}
