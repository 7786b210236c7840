import type { Machine } from '../../../services/ports/runtime.ts';

/**
 * How an isolate remembers for a second what every request asks D1 for. Nobody sees an old answer all the same:
 * whoever changes one is answered only after `FORGOTTEN_AFTER_MS`, when every memory of what was before has run out.
 */
const KEPT_MS = 1_000;
/** Longer than `KEPT_MS` by what a Worker's clock, which stands still while it computes, may lag behind. */
export const FORGOTTEN_AFTER_MS = 1_200;
const ENTRIES_MAX = 1_000;

export type Clock = Pick<Machine, 'nowMs' | 'wait'>;

export type Remembered<Asked extends unknown[]> = {
  readonly keyOf: (...asked: Asked) => string;
  /** While D1 does not answer, what was known last holds, however old. */
  readonly holdsWithoutAnswer?: true;
};

/**
 * Answers are kept, never promises: a Worker must not wait for what another request has begun. An answer's age counts
 * from before it was asked for. That there is nothing, null, is not remembered.
 */
export function remembering<Asked extends unknown[], Value>(
  clock: Clock,
  ask: (...asked: Asked) => Promise<Value | null>,
  { keyOf, holdsWithoutAnswer }: Remembered<Asked>,
): (...asked: Asked) => Promise<Value | null> {
  const recent = new Map<string, { readonly value: Value; readonly askedAtMs: number }>();
  return async (...asked) => {
    const key = keyOf(...asked);
    const askedAtMs = clock.nowMs();
    const known = recent.get(key);
    if (known !== undefined) {
      const ageMs = askedAtMs - known.askedAtMs;
      if (ageMs >= 0 && ageMs < KEPT_MS) return known.value;
    }
    try {
      const value = await ask(...asked);
      if (value === null) {
        recent.delete(key);
        return null;
      }
      if (recent.size >= ENTRIES_MAX) recent.clear();
      recent.set(key, { value, askedAtMs });
      return value;
    } catch (error) {
      if (known === undefined || holdsWithoutAnswer === undefined) throw error;
      return known.value;
    }
  };
}
