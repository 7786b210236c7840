import type {
  CacheKey,
  FindAnswer,
  FindRequest,
  FlightMark,
  PutRequest,
} from '../../services/ports/values/result-cache.ts';
import { errorName, type Log } from '../../services/ports/log.ts';
import type { Sql } from '../job-shard/sql.ts';
import { StandingAlarm } from '../standing-alarm.ts';
import {
  deleteEntry,
  deleteExpired,
  deleteFlight,
  loadEntry,
  loadFlight,
  migrateCache,
  nextExpiryAtMs,
  saveEntry,
  saveFlight,
} from './tables.ts';

/** What a part of a cache needs of the world. In production a Durable Object, in tests a script. */
export type CachePorts = {
  readonly sql: Sql;
  /** Replaces the object's one alarm. */
  setAlarm(atMs: number): void;
  /** Resolves after the time has passed, or at once when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  nowMs(): number;
  readonly log: Log;
};

/** What has expired is deleted with others of the same hour: an alarm is billed as a row. */
const SWEEP_MS = 3_600_000;
/** No request keeps an object awake longer than this. */
const WAIT_MAX_MS = 30_000;

type Waiting = { readonly asker: string; left: boolean; readonly wake: AbortController };

/**
 * A part of a project's cache: where results of calls lie, and who makes which call now. Whoever asks first for a
 * call leads; the others wait, in the order in which they came. When the leader leaves, or is not heard of in time,
 * the first of them leads. That somebody waits is remembered in memory only: who is forgotten asks again.
 */
export class CachePart {
  readonly #ports: CachePorts;
  readonly #waiting = new Map<CacheKey, Set<Waiting>>();
  readonly #alarm: StandingAlarm;

  constructor(ports: CachePorts, standingAlarmAtMs: number | null) {
    this.#ports = ports;
    this.#alarm = new StandingAlarm(ports, standingAlarmAtMs);
    migrateCache(ports.sql);
    if (!this.#alarm.stands) this.#arm(nextExpiryAtMs(ports.sql));
  }

  async find(request: FindRequest): Promise<FindAnswer> {
    const { key, flight, gone } = request;
    if (gone !== null) this.#forget(key, gone);
    const untilMs = this.#ports.nowMs() + Math.min(WAIT_MAX_MS, flight?.waitMs ?? 0);
    for (;;) {
      const answer = this.#answer(request);
      if (answer !== null || flight === null) return answer ?? { kind: 'absent', leads: false };
      const leftMs = untilMs - this.#ports.nowMs();
      if (leftMs <= 0) return { kind: 'under_way' };
      const stays = await this.#change(key, flight.asker, leftMs);
      if (!stays) return { kind: 'under_way' };
    }
  }

  renew({ key, asker, forMs }: FlightMark & { readonly forMs: number }): void {
    const { sql } = this.#ports;
    if (loadFlight(sql, key)?.asker !== asker) return;
    saveFlight(sql, { key, asker }, this.#ports.nowMs() + forMs);
  }

  leave(mark: FlightMark): void {
    for (const one of this.#waiting.get(mark.key) ?? []) {
      if (one.asker === mark.asker) one.left = true;
    }
    deleteFlight(this.#ports.sql, mark);
    this.#wake(mark.key);
  }

  put({ key, entry, ttlMs, asker }: PutRequest): void {
    const { sql } = this.#ports;
    const createdAtMs = this.#ports.nowMs();
    const expiresAtMs = createdAtMs + ttlMs;
    sql.transaction(() => {
      saveEntry(sql, key, { entry, createdAtMs, expiresAtMs });
      if (asker !== null) deleteFlight(sql, { key, asker });
    });
    this.#arm(expiresAtMs);
    this.#wake(key);
  }

  /** Deletes what has expired. Never throws. */
  alarm(): void {
    this.#alarm.fired();
    const { sql, log } = this.#ports;
    try {
      deleteExpired(sql, this.#ports.nowMs());
      this.#arm(nextExpiryAtMs(sql));
    } catch (error) {
      log('error', 'cache.alarm_failed', { error: errorName(error) });
      this.#arm(this.#ports.nowMs());
    }
  }

  /** What can be said now; null while another one makes the call. */
  #answer({ key, maxAgeMs, flight }: FindRequest): FindAnswer | null {
    const { sql } = this.#ports;
    const nowMs = this.#ports.nowMs();
    const known = loadEntry(sql, key);
    if (known !== null && nowMs < Math.min(known.expiresAtMs, known.createdAtMs + maxAgeMs)) {
      return { kind: 'found', entry: known.entry, createdAtMs: known.createdAtMs };
    }
    if (flight === null) return { kind: 'absent', leads: false };
    const { asker, forMs } = flight;
    const leader = loadFlight(sql, key);
    if (leader !== null && leader.asker !== asker && nowMs < leader.endsAtMs) return null;
    saveFlight(sql, { key, asker }, nowMs + forMs);
    this.#arm(nowMs + forMs);
    return { kind: 'absent', leads: true };
  }

  /** An entry that was replaced meanwhile stays. */
  #forget(key: CacheKey, gone: NonNullable<FindRequest['gone']>): void {
    const entry = loadEntry(this.#ports.sql, key)?.entry;
    if (entry === undefined) return;
    const same = entry.jobId === gone.jobId && entry.step === gone.step && entry.item === gone.item;
    if (same && entry.sha256 === gone.sha256) deleteEntry(this.#ports.sql, key);
  }

  /** Waits until something about the call has changed, or may have. False for an asker who has left. */
  async #change(key: CacheKey, asker: string, mostMs: number): Promise<boolean> {
    const endsAtMs = loadFlight(this.#ports.sql, key)?.endsAtMs ?? 0;
    const toEndMs = Math.max(1, endsAtMs - this.#ports.nowMs());
    const one: Waiting = { asker, left: false, wake: new AbortController() };
    const line = this.#waiting.get(key) ?? new Set();
    line.add(one);
    this.#waiting.set(key, line);
    await this.#ports.wait(Math.min(mostMs, toEndMs), one.wake.signal);
    line.delete(one);
    if (line.size === 0 && this.#waiting.get(key) === line) this.#waiting.delete(key);
    return !one.left;
  }

  /** Everybody looks again, first those who wait longest: they stand in line anew in the same order. */
  #wake(key: CacheKey): void {
    for (const { wake } of this.#waiting.get(key) ?? []) wake.abort();
  }

  /** Makes sure that what expires then is deleted soon after. */
  #arm(expiresAtMs: number | null): void {
    if (expiresAtMs !== null) this.#alarm.arm(Math.ceil((expiresAtMs + 1) / SWEEP_MS) * SWEEP_MS);
  }
}
