import type { Draft, JsonError, SchemaNode } from 'json-schema-library';

import { jsonPointer } from '../../../domain/json.ts';

export type Keyword = Draft['keywords'][number];

/** What a keyword is asked: does `data` satisfy the keyword of `node`? */
export type Question = Parameters<NonNullable<Keyword['validate']>>[0];

/** What a keyword answers: the rules that are broken. */
export type Answer = JsonError[];

/** The library's keyword with another check; `applies` says on which schemas it is asked. */
export function recheck(
  keyword: Keyword,
  applies: (node: SchemaNode) => boolean,
  check: (question: Question) => Answer,
): Keyword {
  return { ...keyword, addValidate: applies, validate: check };
}

/** A broken rule; `facts` are what its sentence tells. */
export function broken(
  { node, data }: Question,
  code: string,
  pointer: string,
  facts: Readonly<Record<string, unknown>> = {},
): JsonError {
  const { schema } = node;
  return { type: 'error', code, message: '', data: { ...facts, pointer, schema, value: data } };
}

/** Where the value under `key` is; the library itself does not escape keys. */
export function pointerTo(pointer: string, key: string | number): string {
  return `${pointer}${jsonPointer([key])}`;
}

/** References can multiply a small schema into more work than anybody wants to wait for. */
const STEPS_MAX = 1_000_000;

const stepsTaken = new WeakMap<SchemaNode['context'], number>();

/** Call before a value is checked against the root of a schema. */
export function beginSteps({ context }: SchemaNode): void {
  stepsTaken.set(context, 0);
}

/** Counts one step of the check that is under way; throws a RangeError after the last that is allowed. */
export function spendStep({ context }: SchemaNode): void {
  const steps = (stepsTaken.get(context) ?? 0) + 1;
  if (steps > STEPS_MAX) throw new RangeError('too many steps');
  stepsTaken.set(context, steps);
}

/** The rules that `data` breaks of a schema. The dynamic scope is afterwards what it was before. */
export function errorsOf(
  schema: SchemaNode,
  data: unknown,
  { pointer, path }: Pick<Question, 'pointer' | 'path'>,
): Answer {
  spendStep(schema);
  const depth = path.length;
  const { errors } = schema.validate(data, pointer, path);
  path.length = depth;
  return errors;
}

export function satisfies(
  schema: SchemaNode,
  data: unknown,
  at: Pick<Question, 'pointer' | 'path'>,
): boolean {
  return errorsOf(schema, data, at).length === 0;
}

export function isPlainObject(data: unknown): data is Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

/** The own entries of an object-valued keyword; none where the schema lacks it. */
export function ownKeys(value: unknown): string[] {
  return isPlainObject(value) ? Object.keys(value) : [];
}
