import { FlowOfProject } from '../../../src/runtime/flow/flow.ts';
import type { FlowAnswer, FlowMessage, FlowSlot } from '../../../src/services/ports/flow.ts';
import { NodeSqlite } from '../../support/node-sqlite.ts';
import type { Clock } from './clock.ts';
import { never, type Faults } from './faults.ts';
import type { Random } from './random.ts';

const pool: NodeSqlite[] = [];

export type FlowSurroundings = {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly random: Random;
  grant(shard: number, slots: readonly FlowSlot[]): readonly FlowSlot[];
};

/** A Durable Object around the project's real flow control. */
export class FlowHost {
  readonly db: NodeSqlite;
  readonly #around: FlowSurroundings;
  #epoch = 0;
  flow: FlowOfProject;
  alarmAtMs: number | null = null;

  constructor(around: FlowSurroundings) {
    this.#around = around;
    this.db = pool.pop() ?? new NodeSqlite();
    this.flow = this.#open();
  }

  close(): void {
    this.#epoch += 1;
    const sql = this.db.port();
    for (const table of ['running', 'waiting']) sql.exec(`DELETE FROM ${table}`);
    sql.exec("DELETE FROM meta WHERE key = 'compared_at'");
    pool.push(this.db);
  }

  kill(): void {
    this.flow = this.#open();
  }

  #open(): FlowOfProject {
    this.#epoch += 1;
    const epoch = this.#epoch;
    const alive = () => epoch === this.#epoch;
    const { clock, faults, random } = this.#around;
    return new FlowOfProject(
      {
        sql: this.db.port(),
        setAlarm: (atMs) => {
          if (alive()) this.alarmAtMs = atMs;
        },
        grant: async (shard, slots) => {
          const refused = await faults.carry(null, 'flow.grant', () =>
            this.#around.grant(shard, slots),
          );
          return alive() ? refused : never();
        },
        log: () => {},
        nowMs: () => clock.nowMs,
        random: () => random.next(),
        background: (work) => void work,
      },
      this.alarmAtMs,
    );
  }

  exchange(message: FlowMessage): FlowAnswer {
    if (this.#around.faults.strikes('flow.commit')) {
      this.#around.faults.tell('flow.commit killed');
      this.kill();
      throw new Error('the flow was reset');
    }
    return this.flow.exchange(message);
  }

  get nextAtMs(): number {
    return this.alarmAtMs ?? Number.POSITIVE_INFINITY;
  }

  async fireAlarm(): Promise<void> {
    this.alarmAtMs = null;
    await Promise.race([this.flow.alarm(), new Promise((resolve) => setImmediate(resolve))]);
  }
}
