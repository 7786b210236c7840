import { describe, expect, test } from 'vitest';

import { jobIdOf } from '../../../src/domain/ids.ts';
import { CachePart } from '../../../src/runtime/result-cache/result-cache.ts';
import type {
  CacheEntry,
  CacheKey,
  FindRequest,
} from '../../../src/services/ports/values/result-cache.ts';
import { NodeSqlite } from '../../support/node-sqlite.ts';

const KEY = 'k1' as CacheKey;
const HOUR = 3_600_000;
const entry: CacheEntry = {
  jobId: jobIdOf('01a2047a-e526-73a5-916f-a83c960ee2ec', 3),
  step: 'ask',
  item: null,
  sha256: 'ab',
  costNanoUsd: 5,
  returnedModel: 'm-1',
};

/** A part on Node's SQLite with a clock of its own; `pass` lets waits end. */
class Part {
  readonly db = new NodeSqlite();
  nowMs = 10 * HOUR;
  alarmAtMs: number | null = null;
  #waits: { readonly atMs: number; readonly end: () => void }[] = [];
  part = this.open();

  open(): CachePart {
    const ports = {
      sql: this.db.port(),
      setAlarm: (atMs: number) => {
        this.alarmAtMs = atMs;
      },
      wait: (ms: number, signal: AbortSignal) =>
        new Promise<void>((end) => {
          this.#waits.push({ atMs: this.nowMs + ms, end });
          signal.addEventListener('abort', () => end());
        }),
      nowMs: () => this.nowMs,
      log: () => {},
    };
    this.part = new CachePart(ports, this.alarmAtMs);
    return this.part;
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    for (const { atMs, end } of this.#waits) if (atMs <= this.nowMs) end();
    this.#waits = this.#waits.filter(({ atMs }) => atMs > this.nowMs);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }

  find(more: Partial<FindRequest> = {}) {
    return this.part.find({ key: KEY, maxAgeMs: HOUR, gone: null, flight: null, ...more });
  }

  ask(asker: string, waitMs = 20_000) {
    return this.find({ flight: { asker, forMs: 30_000, waitMs } });
  }

  put(asker: string | null = null, ttlMs = HOUR) {
    this.part.put({ key: KEY, entry, ttlMs, asker });
  }
}

const leads = { kind: 'absent', leads: true };
const found = { kind: 'found', entry, createdAtMs: 10 * HOUR };

describe('a part of a cache', () => {
  test('finds what was put, after an eviction too, until its time is over', async () => {
    const part = new Part();
    expect(await part.find()).toEqual({ kind: 'absent', leads: false });
    part.put();
    part.open();
    expect(await part.find()).toEqual(found);
    expect(await part.find({ key: 'k2' as CacheKey })).toMatchObject({ kind: 'absent' });
    part.nowMs += HOUR - 1;
    expect(await part.find()).toEqual(found);
    part.nowMs += 1;
    expect(await part.find({ maxAgeMs: 9 * HOUR })).toMatchObject({ kind: 'absent' });
  });

  test('gives nobody what is older than he wants', async () => {
    const part = new Part();
    part.put(null, 9 * HOUR);
    part.nowMs += 1_000;
    expect(await part.find({ maxAgeMs: 1_000 })).toMatchObject({ kind: 'absent' });
    expect(await part.find({ maxAgeMs: 1_001 })).toEqual(found);
  });

  test('forgets an entry whose result is gone, and not one that took its place', async () => {
    const part = new Part();
    part.put();
    expect(await part.find({ gone: { ...entry, sha256: 'old' } })).toEqual(found);
    expect(await part.find({ gone: entry })).toMatchObject({ kind: 'absent' });
    expect(part.db.count('entries')).toBe(0);
  });

  test('deletes what has expired, with others of the same hour', async () => {
    const part = new Part();
    part.put(null, 1_000);
    part.part.put({ key: 'k2' as CacheKey, entry, ttlMs: 5 * HOUR, asker: null });
    expect(part.alarmAtMs).toBe(11 * HOUR);
    part.nowMs = 11 * HOUR;
    part.alarmAtMs = null;
    part.part.alarm();
    expect(part.db.count('entries')).toBe(1);
    expect(part.alarmAtMs).toBe(16 * HOUR);
    part.nowMs = 16 * HOUR;
    part.alarmAtMs = null;
    part.part.alarm();
    expect(part.db.count('entries')).toBe(0);
    expect(part.alarmAtMs).toBeNull();
  });

  test('writes one row for a result, and two more where the call was made for others', async () => {
    const part = new Part();
    part.put();
    expect(part.db.rowsWritten).toBeLessThanOrEqual(2);
    const other = new Part();
    const before = other.db.rowsWritten;
    await other.ask('a');
    other.put('a');
    expect(other.db.rowsWritten - before).toBe(3);
  });
});

describe('identical calls at the same time', () => {
  test('are led by the first, who may ask twice; the others get its result', async () => {
    const part = new Part();
    expect(await part.ask('a')).toEqual(leads);
    expect(await part.ask('a')).toEqual(leads);
    const [b, c] = [part.ask('b'), part.ask('c')];
    await part.pass(5_000);
    part.part.put({ key: KEY, entry, ttlMs: HOUR, asker: 'a' });
    const later = { ...found, createdAtMs: 10 * HOUR + 5_000 };
    expect([await b, await c]).toEqual([later, later]);
    expect(part.db.count('flights')).toBe(0);
  });

  test('are led by the next in line when the first leaves', async () => {
    const part = new Part();
    await part.ask('a');
    const [b, c] = [part.ask('b'), part.ask('c')];
    part.part.leave({ key: KEY, asker: 'a' });
    expect(await b).toEqual(leads);
    part.part.leave({ key: KEY, asker: 'b' });
    expect(await c).toEqual(leads);
  });

  test('are led by the next in line when nobody hears of the first', async () => {
    const part = new Part();
    await part.ask('a');
    await part.pass(20_000);
    part.part.renew({ key: KEY, asker: 'a', forMs: 30_000 });
    const b = part.ask('b', 20_000);
    await part.pass(20_000);
    expect(await b).toEqual({ kind: 'under_way' });
    const again = part.ask('b', 20_000);
    const c = part.ask('c', 25_000);
    await part.pass(10_000);
    expect(await again).toEqual(leads);
    await part.pass(15_000);
    expect(await c).toEqual({ kind: 'under_way' });
    // Who was believed gone renews nothing and ends nothing of another one's.
    part.part.renew({ key: KEY, asker: 'a', forMs: 900_000 });
    part.part.leave({ key: KEY, asker: 'a' });
    expect(await part.ask('c', 0)).toEqual({ kind: 'under_way' });
  });

  test('go on after an eviction', async () => {
    const part = new Part();
    await part.ask('a');
    part.open();
    expect(await part.ask('b', 0)).toEqual({ kind: 'under_way' });
  });

  test('are not led by one who has left the line', async () => {
    const part = new Part();
    await part.ask('a');
    const [b, c] = [part.ask('b'), part.ask('c')];
    part.part.leave({ key: KEY, asker: 'b' });
    expect(await b).toEqual({ kind: 'under_way' });
    part.part.leave({ key: KEY, asker: 'a' });
    expect(await c).toEqual(leads);
  });
});
