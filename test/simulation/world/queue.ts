import type { Clock } from './clock.ts';
import { Process, type Faults, type Point } from './faults.ts';
import type { Random } from './random.ts';

type Kept = {
  readonly body: unknown;
  readonly id: string;
  readonly sentAtMs: number;
  attempts: number;
};

const ATTEMPTS_MAX = 4;
const BATCH_MAX = 4;
/** A message whose consumer is gone comes again after this long. */
const VISIBLE_AGAIN_MS = 30_000;

type Consume = (process: Process, batch: MessageBatch) => Promise<void>;

/** A queue that loses, doubles, delays and mixes up what it carries, as far as a queue may. */
export class Queue {
  readonly #point: Point;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #consume: Consume;
  /** Messages that were sent and are not done with. */
  open = 0;
  #waiting: Kept[] = [];
  #sent = 0;
  /** Everybody who ever took from this queue. */
  readonly processes: Process[] = [];

  constructor(
    point: Point,
    world: { readonly clock: Clock; readonly random: Random; readonly faults: Faults },
    consume: Consume,
  ) {
    this.#point = point;
    this.#clock = world.clock;
    this.#random = world.random;
    this.#faults = world.faults;
    this.#consume = consume;
  }

  send(bodies: readonly unknown[]): void {
    for (const body of bodies) {
      const copies = this.#copies();
      for (let copy = 0; copy < copies; copy += 1) {
        this.#sent += 1;
        const id = `${this.#point}-${this.#sent}`;
        this.#later({ body, id, sentAtMs: this.#clock.nowMs, attempts: 0 }, this.#delay());
      }
    }
  }

  #copies(): number {
    if (!this.#faults.strikes(this.#point)) return 1;
    const copies = this.#random.pick([0, 0, 2, 3]);
    this.#faults.tell(`${this.#point}: ${copies} copies`);
    return copies;
  }

  #delay(): number {
    if (this.#faults.fair) return 10;
    return this.#random.pick([0, 5, 5, 50, 1_000, 45_000]);
  }

  #later(message: Kept, delayMs: number): void {
    this.open += 1;
    this.#clock.at(this.#clock.nowMs + delayMs, () => {
      this.#waiting.push(message);
      if (this.#waiting.length === 1) this.#clock.at(this.#clock.nowMs, () => this.#hand());
    });
  }

  #hand(): void {
    while (this.#waiting.length > 0) this.#deliver(this.#waiting.splice(0, BATCH_MAX));
  }

  #deliver(messages: readonly Kept[]): void {
    const process = new Process(`${this.#point} consumer ${this.processes.length + 1}`);
    this.processes.push(process);
    const open = new Set(messages);
    const done = (message: Kept): void => {
      if (process.alive && open.delete(message)) this.open -= 1;
    };
    const again = (message: Kept, delayMs: number): void => {
      if (!open.delete(message)) return;
      this.open -= 1;
      message.attempts += 1;
      if (message.attempts < ATTEMPTS_MAX) this.#later(message, delayMs);
    };
    const batch = {
      queue: this.#point,
      messages: messages.map((message) => ({
        id: message.id,
        body: message.body,
        timestamp: new Date(message.sentAtMs),
        attempts: message.attempts + 1,
        ack: () => done(message),
        retry: () => again(message, 5_000),
      })),
      ackAll: () => messages.forEach(done),
    };
    const finish = (): void => {
      process.over = true;
      for (const message of messages) done(message);
    };
    void this.#consume(process, batch as unknown as MessageBatch).then(finish, (error: unknown) => {
      this.#faults.tell(`${process.name} threw: ${String(error)}`);
      process.over = true;
      for (const message of messages) again(message, 5_000);
    });
    const look = (): void => {
      if (process.over) return;
      if (process.alive) this.#clock.at(this.#clock.nowMs + VISIBLE_AGAIN_MS, look);
      else for (const message of messages) again(message, 0);
    };
    this.#clock.at(this.#clock.nowMs + VISIBLE_AGAIN_MS, look);
  }

  /** Somebody who is at work now. */
  atWork(): readonly Process[] {
    return this.processes.filter(({ alive, over }) => alive && !over);
  }
}
