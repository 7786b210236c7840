import type { JobId } from '../../domain/ids.ts';
import type { Delivery } from '../../domain/webhook.ts';
import type { Log } from '../../services/ports/log.ts';
import type {
  DeliveryAnswer,
  DeliveryOrder,
  DeliveryQuery,
  DeliveryTurn,
  DueDelivery,
  ReceiverSeen,
  RedeliveryOrder,
  ToldEvents,
  TriedDelivery,
} from '../../services/ports/webhooks.ts';
import { deliveryIdOf } from '../../services/webhooks/delivery-id.ts';
import type { Sql } from '../job-shard/sql.ts';
import { StandingAlarm } from '../standing-alarm.ts';
import { chooseDue, nextDueAtMs, type Chosen } from './choose.ts';
import { deliveryOf, listDeliveries, shown } from './delivery-log.ts';
import { promote, takeIn } from './incoming.ts';
import { firstEndAtMs, leasedTo, unheardOf, withLeases, withoutLease } from './leases.ts';
import { redeliver } from './redeliver.ts';
import { erased, isCurrent, isLast, settled } from './settle.ts';
import {
  disabled,
  held,
  newStanding,
  open,
  withChange,
  withSighting,
  withVerdict,
  type Standing,
} from './standing.ts';
import { makeRoom, sweep, sweepDueAtMs } from './sweep.ts';
import * as tables from './tables.ts';

/** What a receiver's deliveries need of the world. In production a Durable Object, in tests a script. */
export type DeliveriesPorts = {
  readonly sql: Sql;
  /** Replaces the object's one alarm. */
  setAlarm(atMs: number): void;
  /** Tells a deliverer, some time, that there is something to deliver. A hint: losing it costs time only. */
  hint(): Promise<void>;
  readonly log: Log;
  nowMs(): number;
  /** A number from [0, 1). */
  random(): number;
  sha256(text: string): Promise<string>;
  /** Lets work go on after the call that began it has answered. */
  background(work: Promise<void>): void;
};

/** Whose deliveries these are: an endpoint's, or those of jobs' own webhooks, by the origin of their URLs. */
export type Receiver = { readonly name: string; readonly endpointId: string | null };

/** In deliverers' hands at once: of an endpoint, and of each origin of jobs' own webhooks. */
const ENDPOINT_MAX = 16;
const ORIGIN_MAX = 6;
/** A hint that nobody has followed after so long is sent again. */
const HINT_AGAIN_MS = 5_000;

/**
 * All that is pending for one receiver, in which order and when, and the log of what was tried. It never calls a receiver:
 * deliverers come and take what is due, leased, and say what came of it.
 */
export class DeliveriesOfReceiver {
  readonly #ports: DeliveriesPorts;
  readonly #receiver: Receiver;
  readonly #laneMax: number;
  #standing: Standing;
  readonly #alarm: StandingAlarm;
  /** When a hint was sent that no deliverer has followed yet. */
  #hintedAtMs: number | null = null;
  #lastLane: string | null = null;

  constructor(ports: DeliveriesPorts, receiver: Receiver, standingAlarmAtMs: number | null) {
    this.#ports = ports;
    this.#receiver = receiver;
    this.#laneMax = receiver.endpointId === null ? ORIGIN_MAX : ENDPOINT_MAX;
    this.#alarm = new StandingAlarm(ports, standingAlarmAtMs);
    tables.migrateDeliveries(ports.sql);
    this.#standing = this.#load();
    // An alarm that went missing is put back with the next call, whatever it asks.
    if (standingAlarmAtMs === null) this.#change(() => {});
  }

  #load(): Standing {
    const fresh = newStanding(this.#ports.nowMs());
    const stored = tables.loadFact(this.#ports.sql, 'standing');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `#change` writes this fact
    return stored === null ? fresh : { ...fresh, ...(stored as Partial<Standing>) };
  }

  /** Does work on the tables and the standing together, then looks what has to be done, and when. */
  #change<Result>(work: (nowMs: number) => Result): Result {
    const { sql } = this.#ports;
    const before = this.#standing;
    try {
      const result = sql.transaction(() => {
        const done = work(this.#ports.nowMs());
        if (this.#standing !== before) tables.saveFact(sql, 'standing', this.#standing);
        return done;
      });
      this.#afterwards();
      return result;
    } catch (error) {
      // What could not be written down has not happened.
      this.#standing = before;
      throw error;
    }
  }

  async accept(
    orders: readonly DeliveryOrder[],
    seen: ReceiverSeen,
    told: readonly ToldEvents[] = [],
  ): Promise<void> {
    const ids = await Promise.all(
      orders.map(({ announcement }) =>
        deliveryIdOf(this.#ports, this.#receiver.name, announcement),
      ),
    );
    this.#change((nowMs) => {
      const { ordered: orderKept } = this.#standing;
      this.#standing = withSighting(this.#standing, seen, nowMs);
      const { state, ordered } = this.#standing;
      if (orderKept && !ordered) tables.endOrder(this.#ports.sql, nowMs);
      if (state === 'disabled') return;
      makeRoom(this.#ports);
      const identified = orders.map((order, index) => ({ id: ids[index] ?? '', order }));
      takeIn(this.#ports.sql, { identified, told, ordered, nowMs });
    });
  }

  next({ requestId, capacity, tried }: DeliveryTurn): DeliveryAnswer {
    if (tried.length === 0) this.#hintedAtMs = null;
    return this.#change((nowMs) => {
      this.#expireLeases(nowMs);
      for (const report of tried) this.#settle(report, nowMs);
      const due = this.#give(requestId, capacity, nowMs);
      const { sql } = this.#ports;
      const last = tried.filter((each) => isLast(tables.loadDelivery(sql, each.id), each));
      return { due, givenUp: last.map(({ id }) => id) };
    });
  }

  #give(requestId: string, capacity: number, nowMs: number): DueDelivery[] {
    const known = leasedTo(this.#standing, requestId);
    if (known.length > 0) return this.#show(known);
    const chosen = this.#choose(capacity, nowMs).filter(({ id }) => !this.#isErased(id, nowMs));
    this.#standing = withLeases(this.#standing, chosen, { turn: requestId, nowMs });
    this.#lastLane = chosen.at(-1)?.lane ?? this.#lastLane;
    return this.#show(chosen);
  }

  #choose(limit: number, nowMs: number): Chosen[] {
    const { sql } = this.#ports;
    const laneMax = this.#laneMax;
    return chooseDue(sql, this.#standing, { nowMs, limit, laneMax, lastLane: this.#lastLane });
  }

  /** True for a delivery whose job is erased by now; it is not tried any more. */
  #isErased(id: string, nowMs: number): boolean {
    const row = tables.loadDelivery(this.#ports.sql, id);
    if (row === null || row.eraseAtMs === null || row.eraseAtMs > nowMs) return row === null;
    this.#save(row, erased(row), nowMs);
    return true;
  }

  #show(chosen: readonly Chosen[]): DueDelivery[] {
    return chosen.flatMap(({ id, lane }) => {
      const row = tables.loadDelivery(this.#ports.sql, id);
      if (row === null) return [];
      const failingSinceMs = this.#standing.troubles[lane]?.sinceMs ?? null;
      const again = row.redeliveries > 0 ? ({ redelivery: true } as const) : {};
      return [{ id, number: row.number + 1, order: row.order, failingSinceMs, ...again }];
    });
  }

  #settle(report: TriedDelivery, nowMs: number): void {
    const { sql } = this.#ports;
    const row = tables.loadDelivery(sql, report.id);
    if (row === null) return;
    const { verdict, retryAfterMs } = report;
    const after = settled(row, report, { nowMs, lot: this.#ports.random() });
    if (isCurrent(row, report)) this.#standing = withoutLease(this.#standing, row.id);
    if (after !== null) {
      this.#save(row, after, nowMs);
      const said = { verdict, nowMs, retryAfterMs };
      this.#standing = withVerdict(withoutLease(this.#standing, row.id), row.lane, said);
    }
    if (this.#receiver.endpointId !== null) this.#learnState(verdict, nowMs);
  }

  /** What a deliverer has found out about the endpoint itself. */
  #learnState(verdict: TriedDelivery['verdict'], nowMs: number): void {
    if (verdict === 'held') this.#standing = held(this.#standing, nowMs);
    else if (verdict === 'gone') this.#disable(nowMs);
    else if (verdict !== 'erased') this.#standing = open(this.#standing);
  }

  #save(before: tables.DeliveryRow, after: tables.DeliveryRow, nowMs: number): void {
    tables.saveDelivery(this.#ports.sql, after);
    const { jobId } = after.order.announcement;
    if (before.ordered && !after.ordered && jobId !== null) {
      promote(this.#ports.sql, jobId, nowMs);
    }
  }

  #disable(nowMs: number): void {
    tables.failPending(this.#ports.sql);
    this.#standing = disabled(this.#standing, nowMs);
  }

  #expireLeases(nowMs: number): void {
    const { sql } = this.#ports;
    for (const [id, lease] of Object.entries(this.#standing.leases)) {
      if (lease.untilMs > nowMs) continue;
      this.#standing = withoutLease(this.#standing, id);
      const row = tables.loadDelivery(sql, id);
      if (row === null) continue;
      const after = settled(row, unheardOf(row, lease), { nowMs, lot: this.#ports.random() });
      if (after !== null) this.#save(row, after, nowMs);
    }
  }

  list(query: DeliveryQuery): readonly Delivery[] {
    const { sql } = this.#ports;
    return listDeliveries(sql, query, this.#ports.nowMs()).map((row) =>
      deliveryOf(row, this.#receiver.endpointId),
    );
  }

  get(id: string): Delivery | null {
    const row = tables.loadDelivery(this.#ports.sql, id);
    if (row === null) return null;
    return deliveryOf(shown(row, this.#ports.nowMs()), this.#receiver.endpointId);
  }

  redeliver(which: RedeliveryOrder): number {
    if (this.#standing.state === 'disabled') return 0;
    return this.#change((nowMs) => redeliver(this.#ports.sql, which, nowMs));
  }

  changed(seen: ReceiverSeen): void {
    this.#change((nowMs) => {
      const { sql } = this.#ports;
      const before = this.#standing;
      if (before.ordered && !seen.ordered) tables.endOrder(sql, nowMs);
      if (seen.state === 'disabled') tables.failPending(sql);
      if (seen.state === 'active' && before.state !== 'active') tables.beginAnew(sql, nowMs);
      this.#standing = withChange(before, seen, nowMs);
    });
  }

  forget(jobId: JobId): void {
    this.#change((nowMs) => {
      const { sql } = this.#ports;
      for (const id of tables.idsWhere(sql, "job_id = ? AND state <> 'erased'", jobId)) {
        const row = tables.loadDelivery(sql, id);
        if (row !== null) this.#save(row, erased(row), nowMs);
        this.#standing = withoutLease(this.#standing, id);
      }
    });
  }

  /** May come twice, late, and again after a kill in the middle. Never throws: the platform gives up alarms that do. */
  alarm(): void {
    this.#alarm.fired();
    try {
      this.#change((nowMs) => {
        this.#expireLeases(nowMs);
        this.#standing = sweep(this.#ports, this.#standing, nowMs);
      });
    } catch (error) {
      const kind = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';
      this.#ports.log('error', 'webhook.alarm_failed', { error: kind });
      this.#alarm.arm(this.#ports.nowMs() + 1_000);
    }
  }

  /** Calls a deliverer when something can be tried, and sets the alarm for what comes later. */
  #afterwards(): void {
    const { sql } = this.#ports;
    const nowMs = this.#ports.nowMs();
    const dueAtMs = nextDueAtMs(sql, this.#standing, this.#laneMax);
    const later = Math.min(sweepDueAtMs(sql, this.#standing), firstEndAtMs(this.#standing));
    if (dueAtMs > nowMs) {
      this.#alarm.arm(Math.min(dueAtMs, later));
      return;
    }
    if ((this.#hintedAtMs ?? 0) + HINT_AGAIN_MS <= nowMs) {
      this.#hintedAtMs = nowMs;
      this.#ports.background(this.#hint());
    }
    this.#alarm.arm(Math.min((this.#hintedAtMs ?? nowMs) + HINT_AGAIN_MS, later));
  }

  async #hint(): Promise<void> {
    try {
      await this.#ports.hint();
    } catch (error) {
      const kind = error instanceof Error ? error.name : 'unknown';
      this.#ports.log('warn', 'webhook.hint_not_sent', { error: kind });
    }
  }
}
