import { describe, expect, test } from 'vitest';

import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const one: DefinitionBody = {
  steps: [{ id: 'a', uses: 'data.compose' }],
  timeouts: { job: '24h' },
};
const wide = (items: number): DefinitionBody => ({
  steps: [
    {
      id: 'm',
      uses: 'data.compose',
      for_each: `\${{ [${Array.from({ length: items }, () => '1').join(', ')}] }}`,
      max_concurrency: 256,
    },
  ],
});

/** Lets the shard rest, and gives the number of hints that it has sent meanwhile. */
async function hintsAfter(driver: ShardDriver, ms: number): Promise<number> {
  driver.wakes = [];
  await driver.pass(ms);
  driver.deliverHistory();
  return driver.wakes.length;
}

describe('a hint', () => {
  test('that nobody answers is repeated after 30 s, then at twice the distance each, up to 15 min', async () => {
    const driver = new ShardDriver();
    driver.create(one);
    await driver.pass(1_000);
    driver.deliverHistory();
    let waitedMs = 1_000;
    for (const seconds of [30, 60, 120, 240, 480, 900, 900, 900]) {
      expect(await hintsAfter(driver, seconds * 1_000 - waitedMs - 1)).toBe(0);
      expect(await hintsAfter(driver, 1)).toBe(1);
      waitedMs = 0;
    }
  });

  test('that cannot be sent is repeated like one that was lost', async () => {
    const driver = new ShardDriver();
    driver.failing.wakes = 1;
    driver.create(one);
    await driver.quiet();
    expect(driver.wakes).toEqual([]);
    expect(driver.logs).toContainEqual({ level: 'warn', event: 'shard.wakes_not_sent' });
    expect(await hintsAfter(driver, 30_000)).toBe(1);
  });

  test('that comes twice costs a call and no more', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(one);
    await driver.quiet();
    expect(driver.claim(jobId, { hinted: true })).toEqual(['a#1']);
    expect(driver.next(jobId, { hinted: true })).toMatchObject({ job: 'open', work: [] });
    expect(await hintsAfter(driver, 20_000)).toBe(0);
  });

  test('survives a restart of the object', async () => {
    const driver = new ShardDriver();
    driver.create(one);
    await driver.quiet();
    driver.restart();
    expect(await hintsAfter(driver, 29_999)).toBe(0);
    expect(await hintsAfter(driver, 1)).toBe(1);
  });

  test('leaves with those of other jobs', async () => {
    const driver = new ShardDriver();
    const jobs = [driver.create(one), driver.create(one), driver.create(one)];
    expect(driver.wakes).toEqual([]);
    await driver.quiet();
    expect(driver.wakes.map((wake) => wake.job_id)).toEqual(jobs);
  });

  test('is sent when a back-off ends, not before', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(one);
    await driver.quiet();
    driver.claim(jobId, { hinted: true });
    driver.settle(jobId, driver.failed('a#1', { retryAfterMs: 10_000 }));
    expect(driver.snapshot(jobId).waitingOn).toMatchObject({
      kind: 'retry_backoff',
      key: 'a',
      untilAtMs: driver.nowMs + 10_000,
    });
    expect(await hintsAfter(driver, 9_999)).toBe(0);
    expect(await hintsAfter(driver, 1)).toBe(1);
    expect(driver.snapshot(jobId).waitingOn).toMatchObject({ kind: 'runner' });
    expect(driver.claim(jobId, { hinted: true })).toEqual(['a#2']);
  });

  test('is not sent for a job whose submitter runs it himself', async () => {
    const driver = new ShardDriver();
    driver.create(one, { turn: {} });
    await driver.quiet();
    expect(driver.wakes).toEqual([]);
  });

  test('is sent for what the submitter cannot take on', async () => {
    const driver = new ShardDriver();
    driver.create(one, { turn: { untilMs: driver.nowMs + 10_000 } });
    await driver.quiet();
    expect(driver.wakes).toHaveLength(1);
  });
});

const hintsFor = async (items: number) => {
  const driver = new ShardDriver();
  driver.create(wide(items));
  await driver.quiet();
  return driver.wakes.length;
};

describe('a wide map', () => {
  test('calls as many runners as it has use for, and no more than sixteen', async () => {
    expect(await hintsFor(1)).toBe(1);
    expect(await hintsFor(8)).toBe(1);
    expect(await hintsFor(9)).toBe(2);
    expect(await hintsFor(100)).toBe(13);
    expect(await hintsFor(250)).toBe(16);
  });

  test('that a runner has taken from asks for the rest', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(wide(24));
    await driver.quiet();
    driver.wakes = [];
    driver.next(jobId, { hinted: true, capacity: { calls: 0, local: 8 } });
    await driver.quiet();
    expect(driver.wakes).toHaveLength(0);
    driver.next(jobId, { hinted: true, capacity: { calls: 0, local: 1 } });
    await driver.quiet();
    expect(driver.wakes).toHaveLength(1);
  });
});

describe('a runner that will come again', () => {
  const calls: DefinitionBody = {
    steps: [
      { id: 'a', uses: 'data.compose' },
      {
        id: 'b',
        uses: 'model.chat',
        needs: ['a'],
        route: { targets: [{ provider: 'openai', model: 'm' }] },
      },
    ],
  };

  test('spares the queue a hint', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(calls);
    await driver.quiet();
    driver.wakes = [];
    driver.claim(jobId, { hinted: true });
    const answer = driver.next(jobId, {
      settled: [driver.succeeded(jobId, 'a#1')],
      capacity: { calls: 0, local: 16 },
      returning: true,
    });
    expect(answer).toMatchObject({ starved: true, work: [] });
    await driver.quiet();
    expect(driver.wakes).toEqual([]);
    expect(driver.claim(jobId)).toEqual(['b#1']);
  });

  test('and does not come is replaced after 30 s', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(calls);
    await driver.quiet();
    driver.claim(jobId, { hinted: true });
    driver.next(jobId, {
      settled: [driver.succeeded(jobId, 'a#1')],
      capacity: { calls: 0, local: 16 },
      returning: true,
    });
    await driver.settleHistory(200);
    expect(await hintsAfter(driver, 29_799)).toBe(0);
    expect(await hintsAfter(driver, 1)).toBe(1);
    expect(driver.claim(jobId, { hinted: true })).toEqual(['b#1']);
  });

  test('that was never answered leaves its hint open', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(one);
    await driver.quiet();
    driver.next(jobId, { capacity: { calls: 0, local: 0 }, returning: true });
    expect(await hintsAfter(driver, 30_000)).toBe(1);
  });
});

test.each([1, 2, 3, 5, 8])(
  'a back-off of %i ms is met, though time passes between two looks at the clock',
  async (backOffMs) => {
    const driver = new ShardDriver();
    const jobId = driver.create({
      steps: [
        {
          id: 'a',
          uses: 'model.chat',
          route: { targets: [{ provider: 'openai', model: 'm' }] },
          retry: { base_delay: `${backOffMs}ms`, max_attempts: 5 },
        },
      ],
    });
    driver.claim(jobId);
    await driver.quiet();
    driver.wakes = [];
    driver.random = 0.99;
    driver.tickMs = 1;
    driver.settle(jobId, driver.failed('a#1', { class: 'network' }));
    driver.tickMs = 0;
    await driver.pass(200);
    expect(driver.wakes).toHaveLength(1);
  },
);
