import type { JobId } from '../../../src/domain/ids.ts';
import type { TargetView } from '../../../src/engine/world.ts';
import type { Target } from '../../../src/domain/job/attempt.ts';
import type { ShardPorts } from '../../../src/runtime/job-shard/context.ts';
import { ShardOfJobs } from '../../../src/runtime/job-shard/job-shard.ts';
import type { HistoryMessage, WakeMessage } from '../../../src/runtime/messages.ts';
import type { FlowAnswer, FlowMessage } from '../../../src/services/ports/flow.ts';
import { NodeSqlite } from '../../support/node-sqlite.ts';
import { NOBODY } from '../../support/fake-listeners.ts';
import { PROJECT } from '../../support/shard-driver.ts';
import type { Clock } from './clock.ts';
import { never, type Faults } from './faults.ts';
import type { Random } from './random.ts';

const HISTORY_WINDOW_MS = 200;
/** A quiet object is put away after about this long. */
const IDLE_MS = 10_000;
/** An alarm that fires more often than this at one moment would never stop. */
const FIRINGS_AT_ONCE_MAX = 30;
const FIRINGS_MAX = 5_000;
/** After two failed firings the alarm takes one job at a time, and takes one over which it dies again for poison. */
const ALARM_KILLS_MAX = 2;

export type ShardSurroundings = {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly random: Random;
  /** True to put the object away whenever it is idle. */
  readonly cold: boolean;
  /** Whether the slow provider can be asked what became of a submit. */
  readonly reconciles: boolean;
  sendWakes(messages: readonly WakeMessage[]): void;
  sendHistory(messages: readonly HistoryMessage[]): void;
  exchange(message: FlowMessage): FlowAnswer;
  deleteObjects(jobId: JobId): void;
  log(level: string, event: string, fields: Readonly<Record<string, unknown>>): void;
};

const ERASE = ['jobs', 'events', 'items', 'payloads', 'keys', 'definitions'].map(
  (table) => `DELETE FROM ${table}`,
);

/** Databases are made once and emptied for each world: making one takes longer than a short life in it. */
const pool: NodeSqlite[] = [];

class Killed extends Error {}

/** A Durable Object around the real shard: storage and alarm outlive the instance, nothing else does. */
export class ShardHost {
  readonly shard: number;
  readonly db: NodeSqlite;
  readonly #around: ShardSurroundings;
  #instance: ShardOfJobs;
  #epoch = 0;
  alarmAtMs: number | null = null;
  #firedForMs: number | null = null;
  #alarmRuns = false;
  #retryCount = 0;
  #lastActiveMs: number;
  #pendingDelays = 0;
  #firings = { atMs: 0, count: 0 };
  firings = 0;
  /** Statements that this instance may still carry out; it dies over the one after. */
  #statementsLeft = Number.POSITIVE_INFINITY;

  constructor(shard: number, around: ShardSurroundings) {
    this.shard = shard;
    this.#around = around;
    this.db = pool.pop() ?? new NodeSqlite();
    this.#lastActiveMs = around.clock.nowMs;
    this.#instance = this.#open();
  }

  /** Gives the storage back for the next world. */
  close(): void {
    this.#epoch += 1;
    const sql = this.db.port();
    for (const query of ERASE) sql.exec(query);
    sql.exec("DELETE FROM meta WHERE key = 'alarm_suspect'");
    pool.push(this.db);
  }

  /** The instance is gone, with all that it remembered. */
  kill(): void {
    this.#instance = this.#open();
    if (!this.#alarmRuns) return;
    // The platform fires an alarm again whose handler did not come back.
    this.#alarmRuns = false;
    this.#retryCount += 1;
    const againAtMs = this.#around.clock.nowMs + 2_000 * 2 ** this.#retryCount;
    this.alarmAtMs = Math.min(this.alarmAtMs ?? againAtMs, againAtMs);
  }

  #open(): ShardOfJobs {
    this.#epoch += 1;
    this.#pendingDelays = 0;
    this.#statementsLeft = Number.POSITIVE_INFINITY;
    const settings = { project: PROJECT, shard: this.shard, historyWindowMs: HISTORY_WINDOW_MS };
    return new ShardOfJobs(this.#ports(this.#epoch), settings, this.alarmAtMs);
  }

  #ports(epoch: number): ShardPorts {
    const { clock, faults, random } = this.#around;
    const sql = this.db.port();
    const alive = () => epoch === this.#epoch && this.#statementsLeft > 0;
    const whenAlive = async <Value>(work: () => Promise<Value>): Promise<Value> => {
      if (!alive()) return never();
      const value = await work();
      return alive() ? value : never();
    };
    return {
      sql: {
        ...sql,
        exec: (query, ...bindings) => {
          if (!alive()) throw new Killed('this instance is gone');
          this.#statementsLeft -= 1;
          if (this.#statementsLeft <= 0) throw new Killed('the instance dies');
          return sql.exec(query, ...bindings);
        },
      },
      setAlarm: (atMs) => {
        // The runtime loses an alarm that is set, while it runs, to the millisecond for which it runs.
        if (alive() && atMs !== this.#firedForMs) this.alarmAtMs = atMs;
      },
      sync: () => whenAlive(() => Promise.resolve()),
      sendWakes: (messages) =>
        whenAlive(() =>
          faults.carry(null, 'queue.send_wakes', () => this.#around.sendWakes(messages)),
        ),
      sendHistory: (messages) =>
        whenAlive(() =>
          faults.carry(null, 'queue.send_history', () => this.#around.sendHistory(messages)),
        ),
      exchange: (message) =>
        whenAlive(() => faults.carry(null, 'flow.exchange', () => this.#around.exchange(message))),
      deleteObjects: (_project, jobId) =>
        whenAlive(() => faults.carry(null, 'objects.put', () => this.#around.deleteObjects(jobId))),
      measure: () => {},
      log: (level, event, fields) => {
        if (alive()) this.#around.log(level, event, fields);
      },
      nowMs: () => clock.nowMs,
      random: () => random.next(),
      target: (target) => this.#target(target),
      listeners: NOBODY,
      background: (work) => void work,
      delay: async (ms) => {
        if (!alive()) return never();
        this.#pendingDelays += 1;
        await clock.after(ms);
        if (!alive()) return never();
        this.#pendingDelays -= 1;
      },
    };
  }

  /** The target `poison/throws` is a defect in the code; `poison/kills` exhausts the object's memory. */
  #target({ provider, model }: Target): TargetView {
    const { reconciles } = this.#around;
    if (provider === 'slow') return { usable: true, local: false, reconciles };
    if (provider !== 'poison') return { usable: true, local: false };
    if (this.#around.faults.fair) return { usable: false, reason: 'not configured' };
    if (model === 'throws') throw new Error('a defect in one job');
    this.#statementsLeft = 0;
    throw new Killed('out of memory');
  }

  #mayKillAlarm(): boolean {
    return this.#retryCount < ALARM_KILLS_MAX;
  }

  #putAwayIfIdle(): void {
    const { clock, cold } = this.#around;
    const idle = clock.nowMs - this.#lastActiveMs >= IDLE_MS;
    if (cold && idle && this.#pendingDelays === 0 && !this.#alarmRuns) {
      this.#instance = this.#open();
    }
    this.#lastActiveMs = clock.nowMs;
  }

  /**
   * One call to the shard. It is one synchronous run: either all of it is on disk and answered, or the instance died
   * over one of its statements and nothing of it happened.
   */
  call<Value>(name: string, work: (shard: ShardOfJobs) => Value): Value {
    const { faults, random } = this.#around;
    this.#putAwayIfIdle();
    if (faults.strikes('shard.commit')) {
      this.#statementsLeft = 1 + random.below(8);
      faults.tell(`shard.commit: shard ${this.shard} may die in ${name}`);
    }
    const alarmAtMs = this.alarmAtMs;
    try {
      return this.db.port().transaction(() => {
        const value = work(this.#instance);
        if (this.#statementsLeft <= 0) throw new Killed('it died on the way');
        return value;
      });
    } catch (error) {
      if (this.#statementsLeft > 0) throw error;
      this.alarmAtMs = alarmAtMs;
      this.kill();
      throw new Error('the object was reset', { cause: error });
    } finally {
      this.#statementsLeft = Number.POSITIVE_INFINITY;
    }
  }

  get nextAtMs(): number {
    return this.#alarmRuns
      ? Number.POSITIVE_INFINITY
      : (this.alarmAtMs ?? Number.POSITIVE_INFINITY);
  }

  /** One firing of the alarm. While it runs, no alarm stands. */
  async fireAlarm(): Promise<void> {
    const { clock, faults, random } = this.#around;
    this.#putAwayIfIdle();
    this.#countFiring();
    this.#firedForMs = this.alarmAtMs;
    this.alarmAtMs = null;
    this.#alarmRuns = true;
    if (faults.strikes('shard.alarm') && this.#mayKillAlarm()) {
      this.#statementsLeft = 1 + random.below(12);
      faults.tell(`shard.alarm: shard ${this.shard} may die in its alarm`);
    }
    const epoch = this.#epoch;
    const running = this.#instance.alarm(this.#retryCount).then(
      () => this.#alarmOver(epoch),
      () => this.#alarmOver(epoch),
    );
    await Promise.race([running, settleMicrotasks()]);
    if (this.#statementsLeft <= 0) this.kill();
    this.#statementsLeft = Number.POSITIVE_INFINITY;
    this.#lastActiveMs = clock.nowMs;
  }

  #alarmOver(epoch: number): void {
    if (epoch !== this.#epoch || this.#statementsLeft <= 0) return;
    this.#alarmRuns = false;
    this.#firedForMs = null;
    this.#retryCount = 0;
  }

  #countFiring(): void {
    const { nowMs } = this.#around.clock;
    this.firings += 1;
    const count = this.#firings.atMs === nowMs ? this.#firings.count + 1 : 1;
    this.#firings = { atMs: nowMs, count };
    if (count > FIRINGS_AT_ONCE_MAX || this.firings > FIRINGS_MAX)
      throw new Error('the alarm fires over and over');
  }
}

async function settleMicrotasks(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
