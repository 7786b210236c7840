import type { Machine } from '../../ports/runtime.ts';
import { makeStop } from '../../stop.ts';
import type { Slots, Ticket } from './slots.ts';

/**
 * How long a call to the shard waits for a place, so that it can bring back work: longer than a fast model holds one,
 * and short beside the call whose result is reported.
 */
const PLACE_WAIT_MS = 100;

/** One turn's part of the places that all turns of an invocation share. */
export type TurnPlaces = {
  /** Places that no call holds yet. */
  inHand(): number;
  /**
   * Waits a moment for one place: asking the shard without any would have to be done again for the work it leaves. If
   * none comes, the stand in line is kept.
   */
  waitForOne(): Promise<void>;
  /** Takes what is free, until `count` places are in hand. */
  takeUpTo(count: number): void;
  /** Stands in line; resolves when a place has come. */
  nextFree(): Promise<void>;
  /** Passes a place in hand to a call, which gives it back by itself. */
  use(): void;
  /** Gives back what is in hand. */
  giveBack(): void;
  /** Gives back what is in hand and wants no more. */
  leave(): void;
};

export function makeTurnPlaces(calls: Slots, machine: Machine): TurnPlaces {
  let inHand = 0;
  let ticket: Ticket | null = null;

  function collect(): void {
    if (!(ticket?.hasCome() ?? false)) return;
    inHand += 1;
    ticket = null;
  }

  function nextFree(): Promise<void> {
    ticket ??= calls.queue();
    return ticket.come;
  }

  function giveBack(): void {
    const count = inHand;
    inHand = 0;
    calls.give(count);
  }

  return {
    inHand: () => inHand,
    nextFree,
    giveBack,
    async waitForOne() {
      const come = nextFree();
      collect();
      if (inHand > 0) return;
      const waiting = makeStop();
      await Promise.race([come, machine.wait(PLACE_WAIT_MS, waiting.signal)]);
      waiting.stop();
      collect();
    },
    takeUpTo(count) {
      collect();
      inHand += calls.take(count - inHand);
    },
    use() {
      inHand -= 1;
    },
    leave() {
      ticket?.leave();
      ticket = null;
      giveBack();
    },
  };
}
