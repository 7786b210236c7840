import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';

import { jobIdOf, type JobId } from '../../../src/domain/ids.ts';
import type { DeliveryTry } from '../../../src/domain/webhook.ts';
import { DeliveriesOfReceiver } from '../../../src/runtime/deliveries/deliveries.ts';
import type { DueDelivery, TriedDelivery } from '../../../src/services/ports/webhooks.ts';
import { nextTryAtMs, SCHEDULE_MS } from '../../../src/services/webhooks/schedule.ts';
import { EPOCH_MS } from '../../support/engine-driver.ts';
import { NodeSqlite } from '../../support/node-sqlite.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const ACTIVE = { state: 'active', ordered: false } as const;

let db: NodeSqlite;
let nowMs: number;
let alarmAtMs: number | null;
let hints: number;
let deliveries: DeliveriesOfReceiver;
let requests = 0;

function open(endpointId: string | null = 'whe_1'): DeliveriesOfReceiver {
  const ports = {
    sql: db.port(),
    setAlarm: (atMs: number) => {
      alarmAtMs = atMs;
    },
    hint: async () => {
      hints += 1;
    },
    log: () => {},
    nowMs: () => nowMs,
    random: () => 0.5,
    sha256: async (text: string) => createHash('sha256').update(text).digest('hex'),
    background: () => {},
  };
  return new DeliveriesOfReceiver(ports, { name: 'whe_1', endpointId }, alarmAtMs);
}

beforeEach(() => {
  db = new NodeSqlite();
  nowMs = EPOCH_MS;
  alarmAtMs = null;
  hints = 0;
  deliveries = open();
});

function jobOf(number: number): JobId {
  return jobIdOf(`0190a000-0000-7000-8000-${String(number).padStart(12, '0')}`, 1);
}

function order(number: number, more: { readonly eraseAtMs?: number } = {}) {
  const jobId = jobOf(number);
  const id = `evt_${number}`;
  const announcement = {
    id,
    type: 'job.succeeded',
    atMs: nowMs,
    jobId,
    seq: 1,
    data: { secret: 1 },
  };
  return { announcement, ...more };
}

async function accept(...numbers: number[]): Promise<void> {
  await deliveries.accept(
    numbers.map((number) => order(number)),
    ACTIVE,
  );
}

function next(capacity = 100, tried: TriedDelivery[] = []): readonly DueDelivery[] {
  requests += 1;
  return deliveries.next({ requestId: `r${requests}`, capacity, tried }).due;
}

/** Says the same of the first of them. */
function first(due: readonly DueDelivery[], ...said: Said): TriedDelivery[] {
  return due.slice(0, 1).map((each) => report(each, ...said));
}

type Said = [verdict: TriedDelivery['verdict'], retryAfterMs?: number];

function report(
  { id, number }: DueDelivery,
  verdict: TriedDelivery['verdict'],
  retryAfterMs: number | null = null,
): TriedDelivery {
  const status = verdict === 'delivered' ? 200 : 500;
  const tried: DeliveryTry = { number, atMs: nowMs, latencyMs: 3, status, error: null, answer: '' };
  return { id, tried, verdict, retryAfterMs };
}

/** Visits, and says the same of everything that is due. */
function visit(verdict: TriedDelivery['verdict']): readonly DueDelivery[] {
  const due = next();
  next(
    0,
    due.map((each) => report(each, verdict)),
  );
  return due;
}

function passTo(atMs: number): void {
  nowMs = atMs;
  if (alarmAtMs === null || alarmAtMs > nowMs) return;
  alarmAtMs = null;
  deliveries.alarm();
}

function statesOf() {
  return deliveries.list({ limit: 100, before: null }).map(({ state }) => state);
}

describe('the schedule', () => {
  test.each([
    [1, 5_000],
    [2, 30_000],
    [3, 2 * MINUTE_MS],
    [4, 10 * MINUTE_MS],
    [5, 30 * MINUTE_MS],
    [6, HOUR_MS],
    [7, 2 * HOUR_MS],
    [8, 4 * HOUR_MS],
    [9, 8 * HOUR_MS],
    [10, 12 * HOUR_MS],
    [30, 12 * HOUR_MS],
  ])('waits after try %i for up to %i ms, evenly drawn', (tries, longestMs) => {
    const at = (lot: number) =>
      nextTryAtMs({ tries, startedAtMs: 0, nowMs: 0, lot, retryAfterMs: null });
    expect(at(0)).toBe(1_000);
    expect(at(0.5)).toBe(Math.max(1_000, longestMs / 2));
    expect(at(0.999_999_999_9)).toBe(longestMs);
  });

  test.each([
    ['a wish to wait is heard', 10 * MINUTE_MS, 10 * MINUTE_MS],
    ['up to a day', 100 * DAY_MS, DAY_MS],
  ])('%s', (_, retryAfterMs, expected) => {
    expect(nextTryAtMs({ tries: 1, startedAtMs: 0, nowMs: 0, lot: 0, retryAfterMs })).toBe(
      expected,
    );
  });

  test('ends with a last try after 72 hours', () => {
    const almost = { tries: 20, startedAtMs: 0, lot: 0.9, retryAfterMs: null };
    expect(nextTryAtMs({ ...almost, nowMs: SCHEDULE_MS - HOUR_MS })).toBe(SCHEDULE_MS);
    expect(nextTryAtMs({ ...almost, nowMs: SCHEDULE_MS })).toBeNull();
  });
});

describe('a receiver that fails', () => {
  test('is tried for 72 hours, each try in the log, and then given up', async () => {
    await accept(1);
    const givenUp: boolean[] = [];
    while (statesOf()[0] === 'pending') {
      const tried = next().map((each) => report(each, 'again'));
      const turn = { requestId: `last${nowMs}`, capacity: 0, tried };
      const told = deliveries.next(turn).givenUp;
      // A call whose answer was lost is made again.
      expect(deliveries.next(turn).givenUp).toEqual(told);
      if (tried.length > 0) givenUp.push(told.length > 0);
      passTo(alarmAtMs ?? nowMs + MINUTE_MS);
    }
    const [delivery] = deliveries.list({ limit: 1, before: null });
    const at = delivery?.tries.map(({ atMs }) => atMs) ?? [];
    expect(delivery?.state).toBe('failed');
    expect((at.at(-1) ?? 0) - (at[0] ?? 0)).toBe(SCHEDULE_MS);
    expect(at.length).toBeGreaterThan(10);
    expect(givenUp).toEqual(at.map((_, index) => index === at.length - 1));
    expect(delivery?.tries.map(({ number }) => number)).toEqual(at.map((_, index) => index + 1));
  });

  test('has sixteen in hand, and after five failures in a row one, with more and more time between', async () => {
    await accept(...Array.from({ length: 40 }, (_, index) => index));
    const due = next();
    expect(due).toHaveLength(16);
    expect(next()).toHaveLength(0);
    expect(next(100, first(due, 'delivered'))).toHaveLength(1);
    next(
      0,
      due.slice(1, 7).map((each) => report(each, 'again')),
    );
    expect(next()).toHaveLength(0);
    next(
      0,
      due.slice(7).map((each) => report(each, 'again')),
    );
    passTo(nowMs + 30_001);
    expect(next()).toHaveLength(1);
  });

  test('says since when, and all is well after one success', async () => {
    await accept(1, 2);
    const sinceMs = nowMs;
    visit('again');
    passTo(nowMs + HOUR_MS);
    expect(next().map(({ failingSinceMs }) => failingSinceMs)).toEqual([sinceMs, sinceMs]);
    passTo(nowMs + 31_000);
    passTo(nowMs + HOUR_MS);
    visit('delivered');
    await accept(3);
    expect(next().map(({ failingSinceMs }) => failingSinceMs)).toEqual([null]);
  });

  test('that asks to be left alone is left alone by all', async () => {
    await accept(1, 2);
    next(0, first(next(1), 'again', 10 * MINUTE_MS));
    expect(next()).toHaveLength(0);
    passTo(nowMs + 10 * MINUTE_MS);
    expect(next()).toHaveLength(2);
  });
});

describe('a receiver that is stopped', () => {
  test('keeps what is due, is looked at now and then, and gets all when it is resumed', async () => {
    await accept(1, 2, 3);
    next(
      0,
      next(1).map((each) => report(each, 'held')),
    );
    expect(next()).toHaveLength(0);
    passTo(nowMs + MINUTE_MS);
    expect(next()).toHaveLength(1);
    deliveries.changed(ACTIVE);
    expect(next()).toHaveLength(2);
  });

  test('is not taken for paused because of an old sighting, nor for active', async () => {
    await deliveries.accept([order(1)], { state: 'paused', ordered: false });
    expect(next()).toHaveLength(1);
    deliveries.changed({ state: 'paused', ordered: false });
    await accept(2);
    expect(next()).toHaveLength(0);
  });

  test('for good keeps nothing, and takes nothing, until it is resumed', async () => {
    await accept(1, 2);
    next(0, first(next(1), 'gone'));
    expect(statesOf()).toEqual(['failed', 'failed']);
    await accept(3);
    expect(statesOf()).toHaveLength(2);
    expect(deliveries.redeliver({ kind: 'all', query: {} })).toBe(0);
    deliveries.changed(ACTIVE);
    expect(deliveries.redeliver({ kind: 'all', query: { state: 'failed' } })).toBe(2);
    expect(next()).toHaveLength(2);
  });

  test('of one job is nobody else’s', async () => {
    deliveries = open(null);
    const to = { url: 'https://a.example/1', payload: 'thin' } as const;
    const orders = [order(1), order(2)].map((each) => ({ ...each, to }));
    await deliveries.accept(orders, ACTIVE);
    next(0, first(next(1), 'gone'));
    expect(statesOf().toSorted()).toEqual(['failed', 'pending']);
  });
});

describe('a redelivery', () => {
  test('has a schedule of its own, and what was delivered before does not count for it', async () => {
    await accept(1);
    const earlier = visit('delivered');
    const [known] = deliveries.list({ limit: 1, before: null });
    expect(deliveries.redeliver({ kind: 'one', id: known?.id ?? '' })).toBe(1);
    expect(deliveries.redeliver({ kind: 'one', id: known?.id ?? '' })).toBe(0);
    next(0, first(earlier, 'delivered'));
    expect(deliveries.get(known?.id ?? '')).toMatchObject({ state: 'pending', redeliveries: 1 });
    expect(visit('delivered').map(({ number }) => number)).toEqual([2]);
    expect(statesOf()).toEqual(['delivered']);
  });
});

describe('an erased job', () => {
  test('is told and shown no more, when it is said or when its time has come', async () => {
    await deliveries.accept([order(1), order(2, { eraseAtMs: nowMs + MINUTE_MS })], ACTIVE);
    deliveries.forget(jobOf(1));
    nowMs += MINUTE_MS;
    const shown = deliveries.list({ limit: 10, before: null });
    expect(shown.map(({ state, announcement }) => [state, announcement.data])).toEqual([
      ['erased', {}],
      ['erased', {}],
    ]);
    expect(deliveries.list({ limit: 10, before: null, state: 'pending' })).toEqual([]);
    expect(deliveries.redeliver({ kind: 'all', query: {} })).toBe(0);
    expect(next()).toHaveLength(0);
    expect(JSON.stringify(db.rows('SELECT body FROM deliveries'))).not.toContain('secret');
  });
});

describe('the log', () => {
  test('goes back thirty days, by itself', async () => {
    await accept(1);
    visit('delivered');
    for (const days of [10, 29, 31]) {
      passTo(EPOCH_MS + days * DAY_MS);
      expect(statesOf(), `after ${days} days`).toHaveLength(days < 30 ? 1 : 0);
    }
    // Nothing is left that would wake the object again.
    passTo(nowMs + DAY_MS);
    expect(alarmAtMs === null || alarmAtMs <= nowMs).toBe(true);
  });
});

describe('hints', () => {
  test('one calls a deliverer; one that is not followed is repeated, also after the object was put away', async () => {
    await accept(1);
    await accept(2);
    expect(hints).toBe(1);
    deliveries = open();
    passTo(nowMs + 5_000);
    expect(hints).toBe(2);
    visit('delivered');
    passTo(nowMs + 10_000);
    expect(hints).toBe(2);
  });

  test('rows written for one delivery, from acceptance to success', async () => {
    await accept(1);
    visit('delivered');
    expect(db.rowsWritten).toBeLessThanOrEqual(12);
  });
});

describe('an alarm that went missing', () => {
  test('is put back by the next instance, whatever it is asked', async () => {
    await accept(1);
    const stood = alarmAtMs;
    expect(stood).not.toBeNull();
    alarmAtMs = null;
    deliveries = open();
    expect(alarmAtMs).toBe(stood);
  });
});
