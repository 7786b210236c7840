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
