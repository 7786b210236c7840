import type { WireValue } from '../http/wire-body.ts';

/** What one side says in a conversation whose sides take turns. */
export type Turn = { readonly role: string; readonly parts: readonly WireValue[] };

/** Puts turns of the same side that follow each other into one: results of tools called together belong together. */
export function joinTurns(turns: readonly Turn[]): readonly Turn[] {
  const joined: Turn[] = [];
  for (const turn of turns) {
    const last = joined.at(-1);
    if (last?.role === turn.role) joined.pop();
    const before = last?.role === turn.role ? last.parts : [];
    joined.push({ role: turn.role, parts: [...before, ...turn.parts] });
  }
  return joined;
}
