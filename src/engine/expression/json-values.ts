import { celList, celMap, type CelInput, type CelList, type CelMap } from '@bufbuild/cel';

import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';

/** What was made of a value before: an expression may come back to it in every round of a loop. */
const made = new WeakMap<object, CelList | CelMap>();

/**
 * A JSON value as expressions see it. Left to itself, the library tells an object by its `constructor`, and a
 * message by its `$typeName`: keys that JSON may have too.
 */
export function celOf(value: Json): CelInput {
  if (!Array.isArray(value) && !isJsonObject(value)) return value;
  const known = made.get(value);
  if (known !== undefined) return known;
  const cel = Array.isArray(value) ? celList(value.map(celOf)) : celMap(new JsonMap(value));
  made.set(value, cel);
  return cel;
}

/** The own keys of an object as a map that looks at a value only when it is asked for. */
class JsonMap extends Map<string, CelInput> {
  readonly #object: JsonObject;

  constructor(object: JsonObject) {
    super();
    this.#object = object;
  }

  override get size(): number {
    return Object.keys(this.#object).length;
  }

  override has(key: string): boolean {
    return Object.hasOwn(this.#object, key);
  }

  override get(key: string): CelInput | undefined {
    const value = this.has(key) ? this.#object[key] : undefined;
    return value === undefined ? undefined : celOf(value);
  }

  override *entries(): MapIterator<[string, CelInput]> {
    for (const [key, value] of Object.entries(this.#object)) yield [key, celOf(value)];
  }

  override *keys(): MapIterator<string> {
    yield* Object.keys(this.#object);
  }

  override *values(): MapIterator<CelInput> {
    for (const [, value] of this.entries()) yield value;
  }

  override forEach(use: (value: CelInput, key: string, map: Map<string, CelInput>) => void): void {
    for (const [key, value] of this.entries()) use(value, key, this);
  }

  override [Symbol.iterator](): MapIterator<[string, CelInput]> {
    return this.entries();
  }
}
