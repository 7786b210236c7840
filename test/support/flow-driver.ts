import { FlowOfProject } from '../../src/runtime/flow/flow.ts';
import type { FlowAnswer, FlowMessage, FlowSlot } from '../../src/services/ports/flow.ts';
import { NodeSqlite } from './node-sqlite.ts';
import { throughJson, type ShardDriver } from './shard-driver.ts';

/** What happens to a call between a shard and its flow. */
export type Fault = 'lost' | 'answer_lost' | 'twice' | 'late';

/**
 * A project's flow on Node's SQLite, in the world of one shard: the same clock, and calls between the two that may
 * be lost, doubled or late. Calls for other shards are taken and never refused.
 */
export class FlowDriver {
  readonly db = new NodeSqlite();
  readonly #driver: ShardDriver;
  flow: FlowOfProject;
  alarmAtMs: number | null = null;
  /** What happens to the next calls, in either direction. */
  faults: Fault[] = [];
  /** Calls that will arrive when nobody waits for them any more. */
  late: (() => void)[] = [];
  readonly calls = { exchange: 0, grant: 0 };
  /** Slots told to shards other than the driver's. */
  readonly elsewhere: (readonly [shard: number, slot: FlowSlot])[] = [];
  random = 0.9;
  #epoch = 0;

  constructor(driver: ShardDriver) {
    this.#driver = driver;
    this.flow = this.#open();
    driver.exchange = (message) => this.exchange(message);
    driver.neighbour = this;
  }

  /** The object is evicted or killed: all that it remembered is gone. */
  restart(): void {
    this.flow = this.#open();
  }

  #open(): FlowOfProject {
    this.#epoch += 1;
    const epoch = this.#epoch;
    const alive = () => epoch === this.#epoch;
    return new FlowOfProject(
      {
        sql: this.db.port(),
        setAlarm: (atMs) => {
          if (alive()) this.alarmAtMs = atMs;
        },
        grant: async (shard, slots) => {
          const refused = await this.#grant(shard, throughJson(slots));
          if (!alive()) await new Promise(() => {});
          return throughJson(refused);
        },
        log: () => {},
        nowMs: () => this.#driver.nowMs,
        random: () => this.random,
        background: (work) => void work,
      },
      this.alarmAtMs,
    );
  }

  exchange(message: FlowMessage): Promise<FlowAnswer> {
    this.calls.exchange += 1;
    return this.#carry(() => this.flow.exchange(message));
  }

  #grant(shard: number, slots: readonly FlowSlot[]): Promise<readonly FlowSlot[]> {
    this.calls.grant += 1;
    if (shard !== 7) {
      for (const slot of slots) this.elsewhere.push([shard, slot]);
      return Promise.resolve([]);
    }
    return this.#carry(() => this.#driver.shard.grant(slots));
  }

  async #carry<Answer>(call: () => Answer): Promise<Answer> {
    await Promise.resolve();
    switch (this.faults.shift()) {
      case 'lost':
        throw new Error('lost');
      case 'late':
        this.late.push(call);
        throw new Error('nobody waited for it');
      case 'answer_lost':
        call();
        throw new Error('the answer was lost');
      case 'twice':
        call();
        return call();
      case undefined:
        return call();
    }
  }

  /** Everything that is late arrives, the last first. */
  deliverLate(): void {
    for (const call of this.late.splice(0).toReversed()) call();
  }

  async fireAlarm(): Promise<void> {
    this.alarmAtMs = null;
    await this.flow.alarm();
  }
}
