import { describe, expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import { toWire } from '../../../src/domain/wire.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver, throughJson } from '../../support/shard-driver.ts';

const openai = { provider: 'openai', model: 'm' };
const chain: DefinitionBody = {
  steps: [
    { id: 'a', uses: 'model.chat', route: { targets: [openai] }, timeouts: { attempt: '10m' } },
    { id: 'b', uses: 'data.compose', needs: ['a'] },
  ],
};

/** What D1 has of a job is what its shard has. */
function expectRecorded(driver: ShardDriver, jobId: JobId): void {
  const state = driver.state(jobId);
  const recorded = driver.recorded.get(jobId);
  const events = driver.events(jobId).map((event) => throughJson(toWire(event)));
  const stored = [...(recorded?.events ?? [])].toSorted(([left], [right]) => left - right);
  expect(stored.map(([, event]) => event)).toEqual(events);
  expect(recorded?.job).toMatchObject({
    seq: state.seq,
    status: state.status,
    cost_nano_usd: state.cost.nanoUsd,
    unpriced_attempts: state.cost.unpricedAttempts,
  });
}

/** A job is told of after 5 s, and what is to be told at one time waits 200 ms for more of its kind. */
const LISTED_MS = 5_200;

describe('history', () => {
  test('is sent once, a moment after the commits it is about, and confirmed', async () => {
    const driver = new ShardDriver();
    const [one, other] = [driver.create(chain), driver.create(chain)];
    driver.finish(one);
    driver.finish(other);
    await driver.pass(199);
    expect(driver.history).toEqual([]);
    await driver.pass(1);
    expect(driver.history).toHaveLength(1);
    driver.deliverHistory();
    expectRecorded(driver, one);
    expectRecorded(driver, other);
    await driver.pass(86_400_000);
    expect(driver.history).toEqual([]);
  });

  test('for which nobody waits leaves a busy shard once a second, and a quiet one after a moment', async () => {
    const driver = new ShardDriver();
    const sent: number[] = [];
    for (let job = 0; job < 30; job += 1) {
      driver.finish(driver.create(chain));
      await driver.pass(100);
      sent.push(driver.history.splice(0).flatMap(({ entries }) => entries).length);
    }
    expect(sent.filter((jobs) => jobs > 0)).toEqual([2, 10, 10]);
    await driver.settleHistory();
    driver.history.splice(0);
    await driver.pass(1_000);
    driver.finish(driver.create(chain));
    await driver.pass(200);
    expect(driver.history).toHaveLength(1);
  });

  test('of a running job is confirmed without a write, and the alarm rests meanwhile', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(chain);
    driver.claim(jobId, { hinted: true });
    await driver.settleHistory(LISTED_MS);
    expect(driver.recorded.get(jobId)?.job.status).toBe('running');
    const rows = driver.db.rowsWritten;
    const fired = driver.alarmsFired;
    for (let turn = 0; turn < 12; turn += 1) {
      await driver.pass(20_000);
      driver.shard.renew({ jobId, keys: ['a#1'] });
    }
    expect(driver.db.rowsWritten).toBe(rows);
    expect(driver.history).toEqual([]);
    expect(driver.alarmsFired - fired).toBeLessThanOrEqual(12);
  });

  test('of a job that goes on after a long pause does not make the alarm fire at once', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(chain);
    driver.claim(jobId, { hinted: true });
    await driver.settleHistory(LISTED_MS);
    for (let turn = 0; turn < 4; turn += 1) {
      await driver.pass(20_000);
      driver.shard.renew({ jobId, keys: ['a#1'] });
    }
    driver.succeed(jobId, 'a#1');
    expect(driver.alarmAtMs).toBeGreaterThan(driver.nowMs);
  });

  test('that is not confirmed is sent again after 30 s, then at twice the distance each, up to 15 min', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(chain);
    driver.finish(jobId);
    await driver.pass(200);
    expect(driver.history).toHaveLength(1);
    for (const seconds of [30, 60, 120, 240, 480, 900, 900]) {
      driver.history = [];
      await driver.pass(seconds * 1_000 - 1);
      expect(driver.history).toEqual([]);
      await driver.pass(201);
      expect(driver.history).toHaveLength(1);
    }
    driver.deliverHistory();
    expectRecorded(driver, jobId);
  });

  test('that cannot be sent is sent later', async () => {
    const driver = new ShardDriver();
    driver.failing.history = 2;
    const jobId = driver.create(chain);
    driver.finish(jobId);
    await driver.pass(31_000);
    expect(driver.history).toEqual([]);
    await driver.pass(60_000);
    driver.deliverHistory();
    expectRecorded(driver, jobId);
  });

  test('is sent in pieces as it grows; a piece that is missing is not skipped', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(chain);
    await driver.pass(LISTED_MS);
    const lost = driver.history.splice(0);
    expect(lost).toHaveLength(1);
    driver.claim(jobId, { hinted: true });
    driver.succeed(jobId, 'a#1');
    driver.claim(jobId);
    driver.succeed(jobId, 'b#1');
    await driver.pass(1_000);
    expect(driver.history[0]?.entries[0]?.events?.first_seq).toBe(3);
    driver.deliverHistory();
    await driver.pass(31_000);
    expect(driver.history[0]?.entries[0]?.events?.first_seq).toBe(1);
    driver.deliverHistory();
    expectRecorded(driver, jobId);
  });

  test('that is confirmed out of order is confirmed in the end', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(chain);
    await driver.pass(LISTED_MS);
    driver.claim(jobId, { hinted: true });
    await driver.pass(LISTED_MS);
    driver.succeed(jobId, 'a#1');
    driver.finish(jobId);
    await driver.pass(200);
    const [first, second, third] = driver.history;
    for (const message of [third, first, second]) driver.deliverHistory((one) => one === message);
    await driver.pass(31_000);
    driver.deliverHistory();
    expectRecorded(driver, jobId);
    await driver.pass(3_600_000);
    expect(driver.history).toEqual([]);
  });

  test('that was confirmed before a restart and not yet written is sent again, without harm', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(chain);
    driver.claim(jobId, { hinted: true });
    await driver.settleHistory(LISTED_MS);
    driver.restart();
    driver.succeed(jobId, 'a#1');
    driver.finish(jobId);
    await driver.settleHistory();
    expectRecorded(driver, jobId);
    await driver.pass(3_600_000);
    expect(driver.history).toEqual([]);
  });

  test('of a late cost follows the rest, even long after the end', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create({ ...chain, timeouts: { job: '30s' } });
    driver.claim(jobId, { hinted: true });
    await driver.pass(30_000);
    expect(driver.state(jobId).status).toBe('timed_out');
    await driver.settleHistory();
    await driver.pass(3_600_000);
    expect(driver.succeed(jobId, 'a#1', {}, { costNanoUsd: 9 }).settled).toEqual(['late']);
    await driver.settleHistory();
    expectRecorded(driver, jobId);
    expect(driver.recorded.get(jobId)?.calls.get('a#1')).toMatchObject({
      outcome: 'lost',
      cost_nano_usd: 9,
      provider: 'openai',
    });
  });

  test('tells every call of a model, its retries and those of items', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create({
      steps: [
        { id: 'm', uses: 'model.chat', for_each: '${{ [1, 2] }}', route: { targets: [openai] } },
      ],
    });
    driver.claim(jobId);
    driver.settle(jobId, driver.failed('m[0]#1', { retryAfterMs: 0 }, { costNanoUsd: 3 }));
    driver.claim(jobId);
    driver.settle(jobId, driver.succeeded(jobId, 'm[0]#2'), driver.succeeded(jobId, 'm[1]#1'));
    await driver.settleHistory();
    const calls = driver.recorded.get(jobId)?.calls;
    expect([...(calls?.values() ?? [])].map((call) => [call.attempt_key, call.outcome])).toEqual([
      ['m[0]#1', 'failed'],
      ['m[0]#2', 'succeeded'],
      ['m[1]#1', 'succeeded'],
    ]);
  });

  test('of one job that cannot be read holds up nobody else’s', async () => {
    const driver = new ShardDriver();
    const [bad, good] = [driver.create(chain), driver.create(chain)];
    driver.db.port().exec("UPDATE jobs SET tail = 'not json' WHERE job_id = ?", bad);
    await driver.settleHistory(LISTED_MS);
    expect(driver.recorded.has(bad)).toBe(false);
    expectRecorded(driver, good);
    expect(driver.logs).toContainEqual({ level: 'error', event: 'shard.history_unreadable' });
    await driver.pass(3_600_000);
  });
});

/** Seconds after its submit at which something of a job reached D1. */
async function toldAt(driver: ShardDriver, seconds: number, since: number): Promise<number[]> {
  const moments: number[] = [];
  for (let passed = 0; passed < seconds; passed += 1) {
    await driver.pass(1_000);
    if (driver.history.length > 0) moments.push(Math.floor((driver.nowMs - since) / 1_000));
    driver.deliverHistory();
  }
  return moments;
}

describe('a job that lasts', () => {
  const slow: DefinitionBody = {
    steps: ['a', 'b', 'c', 'd', 'e', 'f'].map((id, index, all) => ({
      id,
      uses: 'model.chat',
      route: { targets: [openai] },
      needs: all.slice(0, index).slice(-1),
      timeouts: { attempt: '10m' },
    })),
  };

  test('is told of after 5 s, then every 30 s while it moves, and at its end', async () => {
    const driver = new ShardDriver();
    const since = driver.nowMs;
    const jobId = driver.create(slow);
    let [key] = driver.claim(jobId, { hinted: true });
    const moments: number[] = [];
    while (key !== undefined) {
      moments.push(...(await toldAt(driver, 10, since)));
      const settled = [driver.succeeded(jobId, key)];
      [key] = driver.next(jobId, { settled }).work.map((work) => work.key);
    }
    moments.push(...(await toldAt(driver, 120, since)));
    expect(moments).toEqual([6, 41, 61]);
    expectRecorded(driver, jobId);
  });

  test('is shown as paused, and as running again, within 5 s', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(slow);
    driver.claim(jobId, { hinted: true });
    await driver.settleHistory(LISTED_MS);
    driver.shard.pause({ jobId, by: 'key_1' });
    await driver.settleHistory(LISTED_MS);
    expect(driver.recorded.get(jobId)?.job.status).toBe('paused');
    driver.shard.resume({ jobId, by: 'key_1' });
    await driver.settleHistory(LISTED_MS);
    expect(driver.recorded.get(jobId)?.job.status).toBe('running');
  });

  test('is told of although its object forgot that it had to be', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(slow);
    driver.claim(jobId, { hinted: true });
    await driver.pass(4_000);
    driver.restart();
    driver.shard.renew({ jobId, keys: ['a#1'] });
    await driver.settleHistory(31_000);
    expectRecorded(driver, jobId);
  });

  test('is told of together with others whose moment comes within a second', async () => {
    const driver = new ShardDriver();
    const jobs: JobId[] = [];
    for (let made = 0; made < 8; made += 1) {
      const jobId = driver.create(slow);
      driver.claim(jobId, { hinted: true });
      jobs.push(jobId);
      await driver.pass(100);
    }
    const { alarmsFired } = driver;
    await driver.settleHistory(LISTED_MS);
    expect(driver.alarmsFired - alarmsFired).toBe(1);
    for (const jobId of jobs) expectRecorded(driver, jobId);
  });
});

describe('a long history', () => {
  const long: DefinitionBody = {
    steps: [
      {
        id: 'm',
        uses: 'model.chat',
        for_each: '${{ input.list }}',
        max_concurrency: 64,
        route: { targets: [{ provider: 'openai', model: 'a-model-with-a-long-name-2026-08-01' }] },
      },
    ],
  };
  const facts = {
    costNanoUsd: 123_456,
    usage: { inputTokens: 1_234, outputTokens: 567, cacheReadTokens: 89 },
    returnedModel: 'a-model-with-a-long-name-2026-08-01',
    providerRequestId: 'req_0123456789abcdef0123456789abcdef',
    requestSha256: 'f'.repeat(64),
    codeVersion: 1,
    priceVersion: 'genai-prices/0.1.8',
  };

  function runLong(driver: ShardDriver, items: number): JobId {
    const jobId = driver.create(long, { input: { list: Array.from({ length: items }, () => 1) } });
    let keys = driver.claim(jobId);
    while (keys.length > 0) {
      driver.settle(jobId, ...keys.map((key) => driver.succeeded(jobId, key, {}, facts)));
      keys = driver.claim(jobId);
    }
    return jobId;
  }

  test('moves out of the job’s row, and is read from any point of it', () => {
    const driver = new ShardDriver();
    const jobId = runLong(driver, 300);
    expect(driver.db.count('events', jobId)).toBeGreaterThan(3);
    expect(driver.db.largestRowBytes()).toBeLessThan(200_000);
    const all = driver.events(jobId);
    expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index + 1));
    expect(all).toHaveLength(driver.state(jobId).seq);
    for (let after = 0; after < all.length; after += 37) {
      expect(driver.events(jobId, after, 11)).toEqual(all.slice(after, after + 11));
    }
    expect(driver.events(jobId, all.length)).toEqual([]);
    driver.restart();
    expect(driver.events(jobId)).toEqual(all);
  });

  test('fits into messages that the queue takes, even when all of it goes at once', async () => {
    const driver = new ShardDriver();
    const jobId = runLong(driver, 300);
    await driver.settleHistory();
    expectRecorded(driver, jobId);
    expect(driver.recorded.get(jobId)?.calls.size).toBe(300);
  });

  test('of failures with long words in them stays within rows and messages', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create({
      steps: [
        {
          id: 'a',
          uses: 'model.chat',
          route: { targets: [openai, { provider: 'groq', model: 'm' }] },
          check: { schema: {}, re_ask: 3 },
        },
      ],
    });
    const violations = Array.from({ length: 50 }, (_, index) => ({
      pointer: `/items/${index}/${'k'.repeat(500)}`,
      code: 'enum',
      message: `must be one of ${'"a label", '.repeat(2_000)}`,
    }));
    let [key] = driver.claim(jobId);
    while (key !== undefined) {
      const failure = { class: 'output_invalid', message: 'm'.repeat(50_000), violations } as const;
      driver.settle(jobId, driver.failed(key, failure));
      [key] = driver.claim(jobId);
    }
    expect(driver.state(jobId).status).toBe('failed');
    expect(driver.db.largestRowBytes()).toBeLessThan(1_000_000);
    await driver.settleHistory();
    expectRecorded(driver, jobId);
  });
});
