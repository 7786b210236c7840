import { definitionSchema, type Definition } from '../../../domain/definition/definition.ts';
import type { Violation } from '../../../domain/job/failure.ts';
import { isJsonObject, type Json } from '../../../domain/json.ts';

/**
 * What is left of a definition without the places that are not even well-formed, so that what is wrong elsewhere is
 * told in the same answer; null when too little is left to say anything.
 */
export function salvage(body: unknown, violations: readonly Violation[]): Definition | null {
  if (!isJsonObject(body)) return null;
  const copy = structuredClone(body);
  for (const { pointer } of violations) removeAt(copy, pointer);
  const parsed = definitionSchema.safeParse(copy);
  return parsed.success ? parsed.data : null;
}

/** Removes a field. An item of a list stays: its neighbours' pointers would move. */
function removeAt(root: Json, pointer: string): void {
  const parts = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = parts.pop();
  let parent: Json | undefined = root;
  for (const part of parts) {
    if (Array.isArray(parent)) parent = parent[Number(part)];
    else parent = parent !== undefined && isJsonObject(parent) ? parent[part] : undefined;
  }
  if (last === undefined || parent === undefined || !isJsonObject(parent)) return;
  Reflect.deleteProperty(parent, last);
}

/** True when a violation may come from what was removed and not from what the author wrote. */
export function mayBeConsequence(violation: Violation, removed: readonly Violation[]): boolean {
  return removed.some(({ pointer }) => isConsequence(violation, pointer));
}

function isConsequence({ pointer, code }: Violation, removed: string): boolean {
  if (`${pointer}/`.startsWith(`${removed}/`)) return true;
  if (removed.startsWith('/routes')) return code === 'reference';
  const [step] = /^\/steps\/\d+\//.exec(removed) ?? [];
  if (step === undefined || !pointer.startsWith(step)) return false;
  // Without its list a map is none; without its bound a pause is held against the usual one.
  if (removed.endsWith('/for_each')) return code === 'misplaced' || code === 'reference';
  return removed.startsWith(`${step}retry/`) && code === 'contradiction';
}
