/** Lenient reading of a provider's JSON: any field may be missing or of another type. */
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { Usage } from '../../domain/model/usage.ts';

/** The object in a field; an empty one when there is none. */
export function objectAt(parent: JsonObject, field: string): JsonObject {
  return objectOf(parent[field]) ?? {};
}

export function objectOf(value: Json | undefined): JsonObject | null {
  return value !== undefined && isJsonObject(value) ? value : null;
}

/** The items of a list; none when it is no list. */
export function listAt(parent: JsonObject, field: string): readonly Json[] {
  const value = parent[field];
  return isList(value) ? value : [];
}

/** The objects of a list; whatever else it holds is passed over. */
export function objectsAt(parent: JsonObject, field: string): readonly JsonObject[] {
  return listAt(parent, field).filter((item) => isJsonObject(item));
}

/** A text that says something. */
export function textAt(parent: JsonObject, field: string): string | null {
  const value = parent[field];
  return typeof value === 'string' && value !== '' ? value : null;
}

export function numberAt(parent: JsonObject, field: string): number | null {
  const value = parent[field];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** A length of time that is given in seconds, in whole milliseconds; null when it is none. */
export function secondsAsMs(parent: JsonObject, field: string): number | null {
  return wholeMs(numberAt(parent, field));
}

/** Seconds from 0 up in whole milliseconds; null when they are none. */
export function wholeMs(seconds: number | null): number | null {
  if (seconds === null || seconds < 0) return null;
  const ms = fromZero(Math.round(seconds * 1000));
  return Number.isSafeInteger(ms) ? ms : null;
}

/** At least 0, and never the negative zero, which JSON does not know. */
function fromZero(value: number): number {
  return Math.max(0, value);
}

/** A count of something: a whole number from 0 up; 0 when there is none. */
export function countAt(parent: JsonObject, field: string): number {
  return Math.max(0, Math.round(numberAt(parent, field) ?? 0));
}

/** A list of numbers and nothing else, or null. */
export function numbersOf(value: Json | undefined): readonly number[] | null {
  return isList(value) && value.every((item) => typeof item === 'number') ? value : null;
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Usage without its empty buckets: what was not reported stays absent. */
export function withoutZeros(usage: Usage): Usage {
  return Object.fromEntries(Object.entries(usage).filter(([, count]) => count > 0));
}

/** The names of the fields that are there. */
export function presentNames(fields: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name]));
}

/** Where a part of a recording begins and ends, in the unit that the provider has; never before its start. */
export function timesAt(item: JsonObject): { readonly start: number; readonly end: number } | null {
  const start = numberAt(item, 'start');
  const end = numberAt(item, 'end');
  return start === null || end === null ? null : { start: fromZero(start), end: fromZero(end) };
}
