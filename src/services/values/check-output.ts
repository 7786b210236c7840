import type { Failure, Violation } from '../../domain/job/failure.ts';
import { jsonPointer, type Json, type JsonObject } from '../../domain/json.ts';
import { describe, outputInvalid, violationsIn } from './check-value.ts';

/** Stands in a pointer for a name that the schema does not know. */
const FOREIGN = '*';
/** Items of lists have smaller numbers; a longer one is a name. */
const INDEX = /^\d{1,6}$/;

/**
 * Checks what a step has made; null when it passes. Of the names in it only those of the schema are told: any other was
 * written by a model, and may say anything. Where one is left out, the violations as they are lie with the payloads.
 */
export function checkOutput(schema: JsonObject, value: Json): Failure | null {
  const found = violationsIn(schema, value);
  const names = namesIn(schema);
  const told = found.map((violation) => withKnownNames(violation, names));
  const failure = outputInvalid('the value does not satisfy its schema', told);
  const isWhole = told.every(({ pointer }, index) => pointer === found[index]?.pointer);
  return failure === null || isWhole ? failure : { ...failure, detail: found.map(describe) };
}

function withKnownNames(violation: Violation, names: ReadonlySet<string>): Violation {
  const parts = violation.pointer.split('/').slice(1);
  const known = parts
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((name) => (INDEX.test(name) || names.has(name) ? name : FOREIGN));
  return { ...violation, pointer: jsonPointer(known) };
}

/** Every word of a schema, whatever it is there for: its author wrote them all. */
function namesIn(schema: Json, names = new Set<string>()): Set<string> {
  if (typeof schema === 'string') names.add(schema);
  if (typeof schema !== 'object' || schema === null) return names;
  for (const [name, inner] of Object.entries(schema)) {
    names.add(name);
    namesIn(inner, names);
  }
  return names;
}
