import type { SchemaNode } from 'json-schema-library';

import {
  broken,
  errorsOf,
  isPlainObject,
  ownKeys,
  pointerTo,
  recheck,
  type Answer,
  type Keyword,
  type Question,
} from './keyword.ts';

export function properties(keyword: Keyword): Keyword {
  return recheck(withOwnNames(keyword, 'properties'), hasObject('properties'), checkProperties);
}

function checkProperties({ node, data, pointer, path }: Question): Answer {
  if (!isPlainObject(data)) return [];
  return Object.keys(data).flatMap((name) => {
    const schema = node.properties[name];
    if (schema === undefined) return [];
    return errorsOf(schema, data[name], { pointer: pointerTo(pointer, name), path });
  });
}

/** `patternProperties` alone; `additionalProperties` is left to its own keyword. */
export function patternProperties(keyword: Keyword): Keyword {
  return recheck(keyword, (node) => node.patternProperties !== undefined, checkNamePatterns);
}

function checkNamePatterns({ node, data, pointer, path }: Question): Answer {
  if (!isPlainObject(data)) return [];
  return Object.keys(data).flatMap((name) =>
    node.patternProperties
      .filter(({ pattern }) => pattern.test(name))
      .flatMap(({ node: schema }) =>
        errorsOf(schema, data[name], { pointer: pointerTo(pointer, name), path }),
      ),
  );
}

/** `additionalProperties`, for every name that neither `properties` nor `patternProperties` knows. */
export function additionalProperties(keyword: Keyword): Keyword {
  return recheck(
    keyword,
    ({ schema }) => schema['additionalProperties'] !== undefined,
    checkAdditional,
  );
}

function checkAdditional(question: Question): Answer {
  const { node, data, pointer, path } = question;
  if (!isPlainObject(data)) return [];
  const schema: SchemaNode | undefined = node.additionalProperties;
  const forbidden = node.schema['additionalProperties'] === false;
  return Object.keys(data)
    .filter((name) => !isNamed(node, name))
    .flatMap((name) => {
      const at = pointerTo(pointer, name);
      if (forbidden) return [broken(question, 'no-additional-properties-error', at)];
      return schema === undefined ? [] : errorsOf(schema, data[name], { pointer: at, path });
    });
}

/** True when `properties` or `patternProperties` of this very schema cover the name. */
export function isNamed(node: SchemaNode, name: string): boolean {
  const known: unknown = node.schema['properties'];
  if (isPlainObject(known) && Object.hasOwn(known, name)) return true;
  return (node.patternProperties ?? []).some(({ pattern }) => pattern.test(name));
}

export function propertyNames(keyword: Keyword): Keyword {
  return recheck(
    keyword,
    ({ schema }) => schema['propertyNames'] !== undefined,
    (question) => {
      const { node, data, pointer, path } = question;
      if (!isPlainObject(data)) return [];
      const schema: SchemaNode | undefined = node.propertyNames;
      const forbidden = node.schema['propertyNames'] === false;
      return Object.keys(data)
        .filter(
          (name) =>
            forbidden ||
            (schema !== undefined && errorsOf(schema, name, { pointer, path }).length > 0),
        )
        .map((name) => broken(question, 'invalid-property-name-error', pointerTo(pointer, name)));
    },
  );
}

export function dependentRequired(keyword: Keyword): Keyword {
  return recheck(keyword, hasObject('dependentRequired'), (question) =>
    checkDependentNames(question, 'dependentRequired'),
  );
}

export function dependentSchemas(keyword: Keyword): Keyword {
  return recheck(
    withOwnNames(keyword, 'dependentSchemas'),
    hasObject('dependentSchemas'),
    (question) => checkDependentSchemas(question, 'dependentSchemas'),
  );
}

/** `dependencies` of draft-07: lists of names and schemas, in one keyword. */
export function dependencies(keyword: Keyword): Keyword {
  return recheck(
    withOwnNames(keyword, 'dependencies', 'dependentSchemas'),
    hasObject('dependencies'),
    (question) => [
      ...checkDependentNames(question, 'dependencies'),
      ...checkDependentSchemas(question, 'dependencies'),
    ],
  );
}

function checkDependentNames(question: Question, keyword: string): Answer {
  const { node, data, pointer } = question;
  if (!isPlainObject(data)) return [];
  return ownKeys(node.schema[keyword])
    .filter((name) => Object.hasOwn(data, name))
    .flatMap((name) => {
      const wanted: unknown = node.schema[keyword][name];
      const missing = Array.isArray(wanted) ? wanted : [];
      return missing
        .filter((key): key is string => typeof key === 'string' && !Object.hasOwn(data, key))
        .map((key) => broken(question, 'missing-dependency-error', pointer, { key, with: name }));
    });
}

function checkDependentSchemas(question: Question, keyword: string): Answer {
  const { node, data, pointer, path } = question;
  if (!isPlainObject(data)) return [];
  return ownKeys(node.schema[keyword])
    .filter((name) => Object.hasOwn(data, name))
    .flatMap((name) => {
      const schema = node.dependentSchemas?.[name];
      if (schema === undefined || schema === true) return [];
      if (schema !== false) return errorsOf(schema, data, { pointer, path });
      return [broken(question, 'invalid-data-error', pointerTo(pointer, name))];
    });
}

function hasObject(keyword: string): (node: SchemaNode) => boolean {
  return ({ schema }) => isPlainObject(schema[keyword]);
}

/**
 * Gives the table that the library fills while it parses no prototype, so that a property called `constructor`
 * or `__proto__` is looked up like any other.
 */
function withOwnNames(keyword: Keyword, from: string, table = from): Keyword {
  return {
    ...keyword,
    parse(node) {
      const problem = keyword.parse?.(node);
      const parsed: unknown = Reflect.get(node, table);
      if (isPlainObject(parsed)) Reflect.set(node, table, ownTable(parsed, node.schema[from]));
      return problem;
    },
  };
}

function ownTable(parsed: Readonly<Record<string, unknown>>, source: unknown): object {
  const names = new Set([...Object.keys(parsed), ...ownKeys(source)]);
  const table: Record<string, unknown> = Object.create(null);
  for (const name of names) {
    if (Object.hasOwn(parsed, name)) table[name] = parsed[name];
    // An assignment to `__proto__` has set the prototype instead.
    else if (name === '__proto__') table[name] = Object.getPrototypeOf(parsed);
  }
  return table;
}
