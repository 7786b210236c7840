import { errorName } from '../../ports/log.ts';
import type { Machine } from '../../ports/runtime.ts';
import type { Deliveries, DeliveryAnswer, DeliveryTurn } from '../../ports/webhooks.ts';
import { deliverOne, type DeliverDeps, type Destination } from './deliver-one.ts';
import { makeTryMeter, type EndedTry, type MeasureDeps, type TryMeter } from './measure-tries.ts';

export type TurnDeps = DeliverDeps &
  Omit<MeasureDeps, 'machine'> & {
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
  const meter = makeTryMeter(deps, destination);
  try {
    await deliverAll(deps, destination, { deliveries, untilMs, meter });
  } finally {
    await meter.end();
  }
}

type Turn = {
  readonly deliveries: Deliveries;
  readonly untilMs: number;
  readonly meter: TryMeter;
};

async function deliverAll(deps: TurnDeps, destination: Destination, turn: Turn): Promise<void> {
  const { machine, capacity } = deps;
  const running = new Set<Promise<void>>();
  let tried: EndedTry[] = [];
  let left = DELIVERIES_MAX;
  for (;;) {
    const late = machine.nowMs() >= turn.untilMs;
    const free = late ? 0 : Math.min(left, capacity - running.size);
    const ended = tried;
    tried = [];
    const { due: given } = await report(deps, turn, ended, free);
    left -= given.length;
    for (const due of given) {
      const work: Promise<void> = deliverOne(deps, destination, due).then((said) => {
        tried.push({ due, report: said, endedAtMs: machine.nowMs() });
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

/** Says what was tried, and asks for more. What was tried counts, whether or not anybody could be told. */
async function report(
  deps: TurnDeps,
  { deliveries, meter }: Turn,
  ended: readonly EndedTry[],
  capacity: number,
): Promise<DeliveryAnswer> {
  const tried = ended.map((each) => each.report);
  let givenUp: readonly string[] = [];
  try {
    const answer = await ask(deps, deliveries, {
      requestId: deps.machine.newUuid(),
      capacity,
      tried,
    });
    givenUp = answer.givenUp;
    return answer;
  } finally {
    meter.note(ended, givenUp);
  }
}

/** A call whose answer was lost is repeated as it was. */
async function ask(
  { machine, log }: TurnDeps,
  deliveries: Deliveries,
  turn: DeliveryTurn,
): Promise<DeliveryAnswer> {
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
