import type { Definition } from '../../domain/definition/definition.ts';
import { makePlan, type Plan } from '../../engine/plan/plan.ts';

/** Compiled definitions by content hash. What is kept is bounded; the least recently used go first. */
export type PlanCache = {
  get(hash: string): Plan | undefined;
  /** Compiles a definition that was checked when it was saved; throws if it no longer compiles. */
  put(hash: string, definition: Definition): Plan;
};

type Entry = { readonly plan: Plan; readonly characters: number };

/** `charactersMax` bounds the JSON of the definitions kept; compiled, they take several times as much memory. */
export function makePlanCache(charactersMax: number): PlanCache {
  const entries = new Map<string, Entry>();
  let characters = 0;

  function forget(hash: string): void {
    characters -= entries.get(hash)?.characters ?? 0;
    entries.delete(hash);
  }

  function remember(hash: string, entry: Entry): Plan {
    forget(hash);
    entries.set(hash, entry);
    characters += entry.characters;
    for (const oldest of entries.keys()) {
      if (characters <= charactersMax || oldest === hash) break;
      forget(oldest);
    }
    return entry.plan;
  }

  return {
    get(hash) {
      const entry = entries.get(hash);
      return entry === undefined ? undefined : remember(hash, entry);
    },
    put(hash, definition) {
      const known = entries.get(hash);
      if (known !== undefined) return remember(hash, known);
      const result = makePlan(definition);
      if (!result.ok) throw new Error(`the stored definition ${hash} does not compile`);
      return remember(hash, { plan: result.plan, characters: JSON.stringify(definition).length });
    },
  };
}
