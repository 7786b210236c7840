import type { Violation } from '../../../domain/job/failure.ts';
import { isJsonObject, jsonPointer, type Json, type JsonObject } from '../../../domain/json.ts';

/** A schema as references see it. */
export type Landscape = {
  readonly root: JsonObject;
  readonly anchors: ReadonlyMap<string, JsonObject>;
  /** Of the schemas looked at so far: does checking a value against them never end? */
  readonly endless: Map<JsonObject, boolean>;
};

export function landscapeOf(root: JsonObject): Landscape {
  return { root, anchors: new Map(anchorsIn(root)), endless: new Map() };
}

/** References that point outside the schema, lead nowhere, or lead back to themselves. */
export function* referenceProblems(
  landscape: Landscape,
  schema: JsonObject,
  path: readonly PropertyKey[],
): Generator<Violation> {
  for (const keyword of ['$ref', '$dynamicRef']) {
    const reference = schema[keyword];
    const message = typeof reference === 'string' ? problemWith(landscape, reference) : null;
    if (message === null) continue;
    yield { pointer: jsonPointer([...path, keyword]), code: 'schema_reference', message };
  }
}

function problemWith(landscape: Landscape, reference: string): string | null {
  if (!reference.startsWith('#')) {
    return 'may only point inside the schema itself, beginning with "#"';
  }
  const place = placeOf(landscape, reference);
  if (place === undefined) return `leads nowhere: the schema has nothing at ${reference}`;
  if (!isJsonObject(place) || !isEndless(landscape, place)) return null;
  return 'leads back to itself without a step into the value: no value could ever be checked';
}

/** What a local reference such as `#/$defs/name`, `#name` or `#` names. */
function placeOf({ root, anchors }: Landscape, reference: string): Json | undefined {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return anchors.get(reference.slice(1));
  let current: Json | undefined = root;
  for (const part of percentDecoded(reference.slice(2)).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(current)) current = current[Number(key)];
    else current = isJsonObject(current) && Object.hasOwn(current, key) ? current[key] : undefined;
  }
  return current;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `$id` with a fragment is how draft-07 writes an anchor. */
function* anchorsIn(value: Json): Generator<[string, JsonObject]> {
  if (typeof value !== 'object' || value === null) return;
  if (isJsonObject(value)) {
    const { $anchor, $dynamicAnchor, $id } = value;
    if (typeof $anchor === 'string') yield [$anchor, value];
    if (typeof $dynamicAnchor === 'string') yield [$dynamicAnchor, value];
    if (typeof $id === 'string' && $id.startsWith('#')) yield [$id.slice(1), value];
  }
  for (const inner of Object.values(value)) yield* anchorsIn(inner);
}

/** True when checking a value against the schema asks the same question about the same value again. */
function isEndless(landscape: Landscape, schema: JsonObject): boolean {
  const known = landscape.endless.get(schema);
  if (known !== undefined) return known;
  // A schema that is met again while it is being followed is endless.
  landscape.endless.set(schema, true);
  const found = applyingInPlace(landscape, schema).some(
    (inner) => isJsonObject(inner) && isEndless(landscape, inner),
  );
  landscape.endless.set(schema, found);
  return found;
}

/** The schemas that apply to the same value as `schema` does. */
function applyingInPlace(landscape: Landscape, schema: JsonObject): (Json | undefined)[] {
  const references = ['$ref', '$dynamicRef'].map((keyword) => schema[keyword]);
  const lists = ['allOf', 'anyOf', 'oneOf'].map((keyword) => schema[keyword]);
  const tables = ['dependentSchemas', 'dependencies'].map((keyword) => schema[keyword]);
  return [
    ...references.map((name) => (typeof name === 'string' ? placeOf(landscape, name) : undefined)),
    ...lists.flatMap((list) => (Array.isArray(list) ? list : [])),
    ...tables.flatMap((table) => (isJsonObject(table) ? Object.values(table) : [])),
    ...['not', 'if', 'then', 'else'].map((keyword) => schema[keyword]),
  ];
}
