/**
 * Places that are limited across all turns of one invocation. A Worker may have six connections that wait for
 * response headers; a call holds a place until its headers come.
 */
export type Slots = {
  /** Takes up to `wanted` places that are free now. */
  take(wanted: number): number;
  give(count: number): void;
  /** Resolves when a place is free; it is not taken yet. */
  free(): Promise<void>;
};

export function makeSlots(total: number): Slots {
  let left = total;
  let waiters: (() => void)[] = [];
  return {
    take(wanted) {
      const taken = Math.max(0, Math.min(wanted, left));
      left -= taken;
      return taken;
    },
    give(count) {
      // Nobody is woken for nothing: two that give back nothing would wake each other for ever.
      if (count === 0) return;
      left += count;
      const ready = waiters;
      waiters = [];
      for (const wake of ready) wake();
    },
    free() {
      if (left > 0) return Promise.resolve();
      return new Promise((resolve) => {
        waiters.push(resolve);
      });
    },
  };
}
