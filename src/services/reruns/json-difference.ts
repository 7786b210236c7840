import { isJsonObject, jsonPointer } from '../../domain/json.ts';

export type Difference = {
  readonly pointer: string;
  readonly kind: 'added' | 'removed' | 'changed';
};

/**
 * Where two JSON values differ, in the order in which the places are met: at most `max` places, and no values. Lists
 * are compared place by place.
 */
export function differencesOf(before: unknown, after: unknown, max: number): readonly Difference[] {
  const found: Difference[] = [];
  compare({ before, after, path: [], found, max });
  return found;
}

type Comparing = {
  /** A JSON value; undefined where there is none. */
  readonly before: unknown;
  readonly after: unknown;
  readonly path: readonly (string | number)[];
  readonly found: Difference[];
  readonly max: number;
};

function compare(comparing: Comparing): void {
  const { before, after, path, found, max } = comparing;
  if (found.length >= max) return;
  const kind = kindOf(before, after);
  if (kind !== null) found.push({ pointer: jsonPointer(path), kind });
  else
    for (const part of partsOf(before, after))
      compare({ ...comparing, ...insideAt(comparing, part) });
}

/** How two values differ as a whole; null when they are equal or can only differ inside. */
function kindOf(before: unknown, after: unknown): Difference['kind'] | null {
  if (before === undefined) return 'added';
  if (after === undefined) return 'removed';
  const comparable =
    (Array.isArray(before) && Array.isArray(after)) ||
    (isJsonObject(before) && isJsonObject(after)) ||
    before === after;
  return comparable ? null : 'changed';
}

/** The places inside two lists or two objects; none inside anything else. */
function partsOf(before: unknown, after: unknown): Iterable<string | number> {
  if (Array.isArray(before) && Array.isArray(after)) {
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index);
  }
  if (!isJsonObject(before) || !isJsonObject(after)) return [];
  return new Set([...Object.keys(before), ...Object.keys(after)]);
}

function insideAt({ before, after, path }: Comparing, part: string | number) {
  return { before: partOf(before, part), after: partOf(after, part), path: [...path, part] };
}

function partOf(value: unknown, part: string | number): unknown {
  if (Array.isArray(value)) return listPart(value, Number(part));
  return isJsonObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
}

function listPart(list: readonly unknown[], index: number): unknown {
  return list[index];
}
