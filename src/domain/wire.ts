import { isJsonObject, type Json } from './json.ts';

/**
 * Our own records as the API shows them: snake_case, and times as ISO 8601 in UTC (`startedAtMs` becomes
 * `started_at`). Only for records whose keys we chose: a user's JSON is shown as it is, never through here.
 */
export function toWire(value: unknown): Json {
  if (Array.isArray(value)) return value.map(toWire);
  if (isJsonObject(value)) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return Object.fromEntries(entries.map(([key, inner]) => wireEntry(key, inner)));
  }
  return isScalar(value) ? value : null;
}

/** Keys whose values others wrote: they are shown as they came. */
const FOREIGN: ReadonlySet<string> = new Set(['rawUsage']);

function wireEntry(key: string, value: Json): [string, Json] {
  if (FOREIGN.has(key)) return [snakeCase(key), value];
  if (/^atMs$|AtMs$/.test(key)) {
    return [snakeCase(key.slice(0, -2)), typeof value === 'number' ? isoTime(value) : null];
  }
  return [snakeCase(key), toWire(value)];
}

/** ISO 8601 in UTC with milliseconds. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Names of our own fields as they were converted before; more than there are fields is a mistake of a caller. */
const converted = new Map<string, string>();
const CONVERTED_MAX = 1_000;

/** `topP` becomes `top_p`. */
export function snakeCase(name: string): string {
  const known = converted.get(name);
  if (known !== undefined) return known;
  const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (converted.size < CONVERTED_MAX) converted.set(name, snake);
  return snake;
}

function isScalar(value: unknown): value is null | boolean | number | string {
  return value === null || ['boolean', 'number', 'string'].includes(typeof value);
}
