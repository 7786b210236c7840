import type { JobId } from '../../domain/ids.ts';
import type { FlowAnswer, FlowAsk, FlowMessage, FlowSlot } from '../../services/ports/flow.ts';
import { errorName, framesOf, type Log } from '../../services/ports/log.ts';
import { integer, type Sql } from '../job-shard/sql.ts';
import { StandingAlarm } from '../standing-alarm.ts';
import { chooseNext } from './choose.ts';
import { Lanes } from './lanes.ts';
import {
  deleteRunning,
  deleteWaiting,
  insertRunning,
  insertWaiting,
  loadRunning,
  loadWaiting,
  migrateFlow,
  type Running,
  type Waiting,
} from './tables.ts';

/** What a flow needs of the world. In production a Durable Object, in the simulation a script. */
export type FlowPorts = {
  readonly sql: Sql;
  /** Replaces the object's one alarm. */
  setAlarm(atMs: number): void;
  /** Tells a shard of slots that its jobs have; answers with those that its jobs do not want. */
  grant(shard: number, slots: readonly FlowSlot[]): Promise<readonly FlowSlot[]>;
  readonly log: Log;
  nowMs(): number;
  /** A number from [0, 1). */
  random(): number;
  /** Lets work go on after the call that began it has answered. */
  background(work: Promise<void>): void;
};

/** A slot that was given this long ago is compared with its shard … */
const COMPARE_AFTER_MS = 60_000;
/** … no more often than this. */
const COMPARE_EVERY_MS = 120_000;
const RETRY_FIRST_MS = 30_000;
const RETRY_MAX_MS = 15 * 60_000;
/** Slots told in one call. */
const SLOTS_PER_CALL = 500;

/**
 * An exact semaphore over the jobs of one project: it gives a slot only when the limits that the job was born
 * under have room, and writes it down before it tells anyone. Slots come back when jobs end or only wait. What
 * gets lost on the way is found by comparing: shards ask again, and a slot that no job holds is taken back.
 */
export class FlowOfProject {
  readonly #ports: FlowPorts;
  #lanes: Lanes;
  readonly #alarm: StandingAlarm;
  #comparedAtMs: number;
  /** Shards that could not be told of slots, and when they are told again. */
  readonly #untold = new Map<number, { readonly atMs: number; readonly tries: number }>();

  constructor(ports: FlowPorts, standingAlarmAtMs: number | null) {
    this.#ports = ports;
    this.#alarm = new StandingAlarm(ports, standingAlarmAtMs);
    migrateFlow(ports.sql);
    this.#lanes = this.#load();
    const [row] = ports.sql.exec("SELECT value + 0 AS at FROM meta WHERE key = 'compared_at'");
    this.#comparedAtMs = row === undefined ? 0 : integer(row, 'at');
    this.#arm();
  }

  #load(): Lanes {
    return new Lanes(loadRunning(this.#ports.sql), loadWaiting(this.#ports.sql));
  }

  /** Takes what a shard tells, and gives the slots that are free then. */
  exchange({ shard, asks, releases }: FlowMessage): FlowAnswer {
    const given = this.#change(() => {
      for (const slot of releases) this.#release(slot);
      return this.#give(asks.flatMap((ask) => this.#admit(shard, ask)));
    });
    const others = given.filter((slot) => slot.shard !== shard);
    if (others.length > 0) this.#ports.background(this.#tell(others));
    const wanted = new Set(asks.map(({ jobId }) => jobId));
    const known = asks.filter(({ jobId, turn }) => this.#lanes.running.get(jobId)?.turn === turn);
    const more = given.filter((slot) => slot.shard === shard && !wanted.has(slot.jobId));
    return { granted: [...known, ...more].map(slotOf) };
  }

  /** Repeats what was not answered, and compares old slots with their shards. Never throws. */
  async alarm(): Promise<void> {
    this.#alarm.fired();
    try {
      await this.#tell(this.#due());
    } catch (error) {
      this.#ports.log('error', 'flow.alarm_failed', {
        error: errorName(error),
        stack: framesOf(error),
      });
    }
    this.#arm();
  }

  /** Does work on tables and lanes together; when it fails, the lanes are read anew. */
  #change<Result>(work: () => Result): Result {
    try {
      return this.#ports.sql.transaction(work);
    } catch (error) {
      this.#lanes = this.#load();
      throw error;
    } finally {
      this.#arm();
    }
  }

  /** Frees the slot of a turn, or ends its waiting; nothing when a later turn has begun. */
  #release({ jobId, turn }: FlowSlot): void {
    const { running, waiting } = this.#lanes;
    const slot = running.get(jobId);
    if (slot !== undefined && slot.turn <= turn) {
      this.#lanes.end(jobId);
      deleteRunning(this.#ports.sql, jobId);
    }
    const ask = waiting.get(jobId);
    if (ask !== undefined && ask.turn <= turn) {
      this.#lanes.leave(jobId);
      deleteWaiting(this.#ports.sql, jobId);
    }
  }

  /** Puts a job in line, unless it has a slot or stands there. Gives it when it is new. */
  #admit(shard: number, ask: FlowAsk): Waiting[] {
    const { jobId, turn } = ask;
    const known = this.#lanes.running.get(jobId) ?? this.#lanes.waiting.get(jobId);
    if (known !== undefined && known.turn >= turn) return [];
    // A new turn says that the one before is over.
    this.#release({ jobId, turn });
    const { key, keyLimit, projectLimit, priority } = ask;
    const limits = { key, keyLimit, projectLimit, priority };
    const sinceMs = this.#ports.nowMs();
    const entry = { jobId, turn, shard, ...limits, sinceMs, place: this.#lanes.nextPlace() };
    this.#lanes.wait(entry);
    return [entry];
  }

  /** Gives slots for as long as there is room. `fresh` are in line but not yet in the table. */
  #give(fresh: readonly Waiting[]): Running[] {
    const { sql } = this.#ports;
    const unwritten = new Set(fresh.map(({ jobId }) => jobId));
    const given: Running[] = [];
    for (let next = this.#next(); next !== null; next = this.#next()) {
      const { jobId, turn, shard, key } = next;
      const slot = { jobId, turn, shard, key, sinceMs: this.#ports.nowMs() };
      this.#lanes.leave(jobId);
      this.#lanes.start(slot);
      if (!unwritten.delete(jobId)) deleteWaiting(sql, jobId);
      insertRunning(sql, slot);
      given.push(slot);
    }
    for (const ask of fresh) if (unwritten.has(ask.jobId)) insertWaiting(sql, ask);
    return given;
  }

  #next(): Waiting | null {
    const nowMs = this.#ports.nowMs();
    const lot = this.#ports.random();
    const { lastKey } = this.#lanes;
    return chooseNext(this.#lanes.candidates(), { nowMs, lot, lastKey });
  }

  /** Tells shards of slots. Those that no job wants are given to others, who are told in turn. */
  async #tell(slots: readonly Running[]): Promise<void> {
    let untold = slots;
    while (untold.length > 0) {
      const calls = [...Map.groupBy(untold, ({ shard }) => shard)].flatMap(([shard, its]) =>
        chunks(its).map((chunk) => this.#tellShard(shard, chunk)),
      );
      const refused = (await Promise.all(calls)).flat();
      untold = refused.length === 0 ? [] : this.#takeBack(refused);
    }
  }

  async #tellShard(shard: number, slots: readonly Running[]): Promise<readonly FlowSlot[]> {
    try {
      const refused = await this.#ports.grant(shard, slots.map(slotOf));
      this.#untold.delete(shard);
      return refused;
    } catch (error) {
      const tries = (this.#untold.get(shard)?.tries ?? -1) + 1;
      const delayMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(tries, 10));
      this.#untold.set(shard, { atMs: this.#ports.nowMs() + delayMs, tries });
      this.#ports.log('warn', 'flow.grants_not_told', {
        shard,
        count: slots.length,
        error: errorName(error),
      });
      this.#arm();
      return [];
    }
  }

  #takeBack(refused: readonly FlowSlot[]): Running[] {
    return this.#change(() => {
      for (const slot of refused) this.#release(slot);
      return this.#give([]);
    });
  }

  /** Slots to tell again, or to compare; notes that they are. */
  #due(): Running[] {
    const nowMs = this.#ports.nowMs();
    const again = new Set(
      [...this.#untold].flatMap(([shard, { atMs }]) => (atMs <= nowMs ? [shard] : [])),
    );
    const comparing = this.#compareAtMs() <= nowMs;
    if (comparing) this.#noteCompared(nowMs);
    return [...this.#lanes.running.values()].filter(
      ({ shard, sinceMs }) =>
        again.has(shard) || (comparing && sinceMs + COMPARE_AFTER_MS <= nowMs),
    );
  }

  #noteCompared(nowMs: number): void {
    this.#comparedAtMs = nowMs;
    this.#ports.sql.exec(
      "INSERT INTO meta (key, value) VALUES ('compared_at', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      String(nowMs),
    );
  }

  /** When slots are next compared with their shards; infinity when there are none. */
  #compareAtMs(): number {
    // Slots are kept in the order in which they were given.
    const [oldest] = this.#lanes.running.values();
    if (oldest === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(oldest.sinceMs + COMPARE_AFTER_MS, this.#comparedAtMs + COMPARE_EVERY_MS);
  }

  #arm(): void {
    const retries = [...this.#untold.values()].map(({ atMs }) => atMs);
    this.#alarm.arm(Math.min(this.#compareAtMs(), ...retries));
  }

  /** The jobs that have a slot, for tests and for those who look after it. */
  get running(): ReadonlyMap<JobId, Running> {
    return this.#lanes.running;
  }

  get waiting(): ReadonlyMap<JobId, Waiting> {
    return this.#lanes.waiting;
  }
}

function slotOf({ jobId, turn }: FlowSlot): FlowSlot {
  return { jobId, turn };
}

function chunks(slots: readonly Running[]): (readonly Running[])[] {
  const count = Math.ceil(slots.length / SLOTS_PER_CALL);
  return Array.from({ length: count }, (_, index) =>
    slots.slice(index * SLOTS_PER_CALL, (index + 1) * SLOTS_PER_CALL),
  );
}
