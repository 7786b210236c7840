/**
 * Places that are limited across all turns of one invocation. A Worker may have six connections that wait for
 * response headers; a call holds a place until its headers come.
 *
 * A place that is given back goes to whoever stands in line longest, and to nobody else: each place is free, in
 * line with one ticket, or in the hands of one turn. While somebody waits no place is free, so nobody overtakes.
 */
export type Slots = {
  /** Takes up to `wanted` places that are free now. */
  take(wanted: number): number;
  give(count: number): void;
  /** Stands in line for one place. */
  queue(): Ticket;
};

/** A stand in line. Its holder either takes the place that has come, or leaves; one of the two must happen. */
export type Ticket = {
  /** Resolves when the place has come; it is held for this ticket until then and after. */
  readonly come: Promise<void>;
  hasCome(): boolean;
  /** Gives up the stand; a place that has come by now goes to the next in line. */
  leave(): void;
};

export function makeSlots(total: number): Slots {
  let left = total;
  /** In the order in which they came. */
  const line = new Set<() => void>();

  function give(count: number): void {
    left += count;
    for (const call of line) {
      if (left === 0) return;
      line.delete(call);
      left -= 1;
      call();
    }
  }

  return {
    take(wanted) {
      const taken = Math.max(0, Math.min(wanted, left));
      left -= taken;
      return taken;
    },
    give,
    queue() {
      const { promise: come, resolve } = Promise.withResolvers<void>();
      let state: 'waiting' | 'come' | 'left' = 'waiting';
      const call = (): void => {
        state = 'come';
        resolve();
      };
      line.add(call);
      give(0);
      return {
        come,
        hasCome: () => state === 'come',
        leave() {
          line.delete(call);
          const held = state === 'come';
          state = 'left';
          if (held) give(1);
        },
      };
    },
  };
}
