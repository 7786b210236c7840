import { boundViolation } from '../../domain/job/bound-failure.ts';
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
  if (found.length === 0) return null;
  const names = namesIn(schema);
  const told = found.map((violation) => withKnownNames(violation, names));
  const failure = outputInvalid('the value does not satisfy its schema', told);
  const isWhole = told.every(({ pointer }, index) => pointer === found[index]?.pointer);
  if (failure === null || isWhole) return failure;
  return { ...failure, detail: found.map(boundViolation).map(describe) };
}

/**
 * What was wrong with an output that was rejected, as the model that gave it may read it: with the names that it made up.
 * What is `told` of it is all there is where it was not the schema that it broke, such as by being no JSON at all.
 */
export function problemsIn(
  schema: JsonObject,
  rejected: Json,
  told: readonly Violation[],
): readonly Violation[] {
  const found = violationsIn(schema, rejected).map(boundViolation);
  const isOfSchema =
    found.length === told.length && found.every(({ code }, index) => code === told[index]?.code);
  return isOfSchema ? found : told;
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
