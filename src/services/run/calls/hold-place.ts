import type { Slots } from '../turn/slots.ts';

/** A call's hold on one of the connections that all turns of an invocation share. */
export type HeldPlace = {
  /** Gives it back, once. */
  readonly release: () => void;
  /** Takes one again, as soon as one is free; without one when the signal aborts first. */
  readonly again: () => Promise<void>;
};

/** `holds` says whether the call holds a connection now; what needs none never takes one. */
export function holdPlace(calls: Slots, holds: boolean, signal: AbortSignal): HeldPlace {
  let held = holds;
  return {
    release() {
      if (held) calls.give(1);
      held = false;
    },
    async again() {
      if (!holds || held || signal.aborted) return;
      const ticket = calls.queue();
      const aborted = Promise.withResolvers<void>();
      const giveUp = (): void => aborted.resolve();
      signal.addEventListener('abort', giveUp, { once: true });
      await Promise.race([ticket.come, aborted.promise]);
      signal.removeEventListener('abort', giveUp);
      held = !signal.aborted && ticket.hasCome();
      if (!held) ticket.leave();
    },
  };
}
