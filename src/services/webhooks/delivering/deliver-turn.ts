import { errorName } from '../../ports/log.ts';
import type { Machine } from '../../ports/runtime.ts';
import type { Deliveries, DeliveryTurn, DueDelivery, TriedDelivery } from '../../ports/webhooks.ts';
import { deliverOne, type DeliverDeps, type Destination } from './deliver-one.ts';

export type TurnDeps = DeliverDeps & {
  readonly machine: Pick<Machine, 'newUuid' | 'wait' | 'nowMs'>;
  /** Deliveries side by side: as many connections as one invocation may have waiting for an answer. */
  readonly capacity: number;
};

/** Those that end within so short a time after another one are reported with it. */
const GATHER_MS = 10;
/**
 * Deliveries of one turn. An invocation may make 10,000 requests, and a delivery with its job takes up to eight: two to the DNS,
 * the POST, the job and its output, a call of its own to the receiver's object.
 */
const DELIVERIES_MAX = 1_000;
const CALL_TRIES = 3;
const CALL_AGAIN_MS = 200;

/** Delivers what is due at a receiver until nothing is, or until it is time to leave the rest to the next deliverer. */
export async function deliverTurn(
  deps: TurnDeps,
  destination: Destination,
  deliveries: Deliveries,
  untilMs: number,
): Promise<void> {
  const { machine, capacity } = deps;
  const running = new Set<Promise<void>>();
  let tried: TriedDelivery[] = [];
  let left = DELIVERIES_MAX;
  for (;;) {
    const late = machine.nowMs() >= untilMs;
    const free = late ? 0 : Math.min(left, capacity - running.size);
    const turn = { requestId: machine.newUuid(), capacity: free, tried };
    tried = [];
    const given = await ask(deps, deliveries, turn);
    left -= given.length;
    for (const due of given) {
      const work: Promise<void> = deliverOne(deps, destination, due).then((report) => {
        tried.push(report);
        running.delete(work);
      });
      running.add(work);
    }
    // Some may have ended while the call was under way: their reports are still to be made.
    if (tried.length === 0) {
      if (running.size === 0) return;
      await Promise.race(running);
      await machine.wait(GATHER_MS);
    }
  }
}

/** A call whose answer was lost is repeated as it was. */
async function ask(
  { machine, log }: TurnDeps,
  deliveries: Deliveries,
  turn: DeliveryTurn,
): Promise<readonly DueDelivery[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await deliveries.next(turn);
    } catch (error) {
      if (tries >= CALL_TRIES) throw error;
      log('warn', 'webhook.call_again', { error: errorName(error), tries });
      await machine.wait(CALL_AGAIN_MS * tries);
    }
  }
}
