import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';

/** A place in a job's data, from a root such as `input` or `steps` down: `['steps', 'clean', 'output', 'text']`. */
export type Path = readonly (string | number)[];

/** The names an expression may begin with. */
export const roots = ['input', 'metadata', 'job', 'steps', 'item', 'index'] as const;

const PLAIN =
  /^(?:input|metadata|job|steps|item|index)(?:\.[A-Za-z_][A-Za-z0-9_]*|\[\d{1,9}\]|\["[^"\\]*"\])*$/;
const PART = /\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\["([^"\\]*)"\]/g;

/** The path that an expression is, when it is nothing but a path. */
export function parsePlainPath(source: string): Path | null {
  if (!PLAIN.test(source)) return null;
  const root = /^[a-z]+/.exec(source)?.[0] ?? '';
  const parts = [...source.slice(root.length).matchAll(PART)].map(([, name, index, quoted]) =>
    index === undefined ? (name ?? quoted ?? '') : Number(index),
  );
  return [root, ...parts];
}

/** The path as one would write it in an expression. */
export function formatPath(path: Path): string {
  return path
    .map((part, position) => {
      if (typeof part === 'number') return `[${part}]`;
      if (position === 0) return part;
      return /^[A-Za-z_][A-Za-z0-9_]*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
    })
    .join('');
}

/** The value at a path below `value`; undefined when there is none. Own properties only. */
export function valueAt(value: Json | undefined, path: Path): Json | undefined {
  let current = value;
  for (const part of path) {
    if (Array.isArray(current)) current = typeof part === 'number' ? current[part] : undefined;
    else if (isJsonObject(current)) current = ownValue(current, String(part));
    else return undefined;
  }
  return current;
}

function ownValue(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Paths without those that lie below another one, in a stable order. */
export function outermost(paths: readonly Path[]): Path[] {
  const byText = new Map(paths.map((path) => [formatPath(path), path]));
  return [...byText.entries()]
    .filter(([, path]) => !hasPrefixIn(path, byText))
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([, path]) => path);
}

function hasPrefixIn(path: Path, byText: ReadonlyMap<string, Path>): boolean {
  for (let length = 1; length < path.length; length += 1) {
    if (byText.has(formatPath(path.slice(0, length)))) return true;
  }
  return false;
}

/** A data scope under construction: values put at paths, for an expression to read. */
export type Scope = { [root: string]: Json };

/** Puts a value at a path, making the objects on the way. Numbers on the way become keys of a list. */
export function putAt(scope: Scope, path: Path, value: Json): void {
  let current: Record<string, Json> | Json[] = scope;
  for (const [position, part] of path.entries()) {
    const key = String(part);
    if (position === path.length - 1) {
      assign(current, key, value);
      return;
    }
    const next: Record<string, Json> | Json[] =
      containerAt(current, key) ?? freshContainer(path[position + 1]);
    assign(current, key, next);
    current = next;
  }
}

function containerAt(
  parent: Record<string, Json> | Json[],
  key: string,
): Record<string, Json> | Json[] | null {
  const existing = Object.hasOwn(parent, key) ? Reflect.get(parent, key) : null;
  return typeof existing === 'object' ? existing : null;
}

function freshContainer(nextPart: string | number | undefined): Record<string, Json> | Json[] {
  return typeof nextPart === 'number' ? [] : {};
}

/**
 * Makes the objects above a place that is absent, so that an expression finds that one place absent and not
 * what it lies in. A list on the way is left empty.
 */
export function putAbsent(scope: Scope, path: Path): void {
  const inList = path.findIndex((part) => typeof part === 'number');
  const above = path.slice(0, inList === -1 ? path.length - 1 : inList);
  if (above.length > 0 && valueAt(scope, above) === undefined) {
    putAt(scope, above, inList === -1 ? {} : []);
  }
}

/** `defineProperty`, so that a key such as `__proto__` is data and nothing else; lists are kept without holes. */
function assign(parent: Record<string, Json> | Json[], key: string, value: Json): void {
  if (Array.isArray(parent)) {
    while (parent.length < Number(key)) parent.push(null);
  }
  Object.defineProperty(parent, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}
