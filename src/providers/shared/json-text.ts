import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';

/** The object in a JSON text; null when it is no JSON or no object. */
export function objectFrom(text: string): JsonObject | null {
  const value = jsonFrom(text);
  return value !== undefined && isJsonObject(value) ? value : null;
}

/** The value in a JSON text; undefined when it is no JSON. */
export function jsonFrom(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

/** The arguments of a tool, where they have to be an object; what a model once wrote may be no JSON at all. */
export function argumentsFrom(text: string): JsonObject {
  const value = text.trim() === '' ? {} : jsonFrom(text);
  return value !== undefined && isJsonObject(value) ? value : { arguments: value ?? text };
}
