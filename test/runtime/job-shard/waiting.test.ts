import { describe, expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import type { HistoryEntry } from '../../../src/runtime/messages.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const two: DefinitionBody = {
  steps: [
    { id: 'a', uses: 'data.compose', with: { x: '${{ input.x }}' } },
    { id: 'b', uses: 'data.compose', with: { x: '${{ steps.a.output }}' } },
  ],
  timeouts: { job: '10h' },
};

const slowRetry: DefinitionBody = {
  steps: [
    {
      id: 'ask',
      uses: 'model.chat',
      route: { targets: [{ provider: 'openai', model: 'm' }] },
      retry: { base_delay: '10m', max_delay: '10m' },
    },
  ],
  timeouts: { job: '10h' },
};

function listed(driver: ShardDriver, jobId: JobId): HistoryEntry['job']['waiting_kind'] {
  return driver.recorded.get(jobId)?.job.waiting_kind;
}

/** Time passes while history is delivered. */
async function passDelivering(driver: ShardDriver, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    await driver.pass(Math.min(left, 500));
    driver.deliverHistory();
  }
}

describe('a job that waits', () => {
  test('for a runner is listed so once it has waited for 5 s, and no more once it moves', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two);
    await passDelivering(driver, 4_500);
    expect(driver.recorded.has(jobId)).toBe(false);
    await passDelivering(driver, 1_000);
    expect(listed(driver, jobId)).toBe('runner');
    driver.claim(jobId, { hinted: true });
    await passDelivering(driver, 5_500);
    expect(listed(driver, jobId)).toBe(null);
  });

  test('for a back-off is listed with its end', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(slowRetry);
    driver.claim(jobId, { hinted: true });
    driver.settle(jobId, driver.failed('ask#1', { retryAfterMs: 600_000 }));
    await passDelivering(driver, 5_500);
    expect(driver.recorded.get(jobId)?.job).toMatchObject({
      waiting_kind: 'retry_backoff',
      waiting_until: expect.any(Number),
    });
  });

  test('for something else without an event between is listed for that', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(slowRetry);
    driver.claim(jobId, { hinted: true });
    driver.settle(jobId, driver.failed('ask#1', { retryAfterMs: 60_000 }));
    await passDelivering(driver, 59_000);
    expect(listed(driver, jobId)).toBe('retry_backoff');
    const { seq } = driver.state(jobId);
    await passDelivering(driver, 600_000);
    expect(listed(driver, jobId)).toBe('runner');
    expect(driver.state(jobId).seq).toBe(seq);
  });

  test('is listed although the first word of it was lost, and although it was never sent', async () => {
    for (const lose of ['sent', 'failed'] as const) {
      const driver = new ShardDriver();
      const jobId = driver.create(two);
      await passDelivering(driver, 1_000);
      if (lose === 'failed') driver.failing.history = 1;
      await driver.pass(5_000);
      driver.history = [];
      await passDelivering(driver, 40_000);
      expect(listed(driver, jobId)).toBe('runner');
    }
  });

  test('is listed although its object forgot everything before the moment came', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two);
    await driver.pass(3_000);
    driver.restart();
    await passDelivering(driver, 31_000);
    expect(listed(driver, jobId)).toBe('runner');
  });

  test('is not listed any more, in whichever order its history arrives', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two);
    await driver.pass(6_000);
    driver.claim(jobId, { hinted: true });
    await driver.pass(5_300);
    const messages = [...driver.history];
    expect(messages.length).toBeGreaterThan(1);
    for (const message of messages.toReversed()) driver.deliverHistory((one) => one === message);
    expect(listed(driver, jobId)).toBe(null);
    driver.history = messages;
    driver.deliverHistory();
    expect(listed(driver, jobId)).toBe(null);
  });

  test('and ends is not listed', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create({ ...two, timeouts: { job: '30s' } });
    await passDelivering(driver, 10_000);
    expect(listed(driver, jobId)).toBe('runner');
    await passDelivering(driver, 30_000);
    expect(driver.isOver(jobId)).toBe(true);
    expect(listed(driver, jobId) ?? null).toBe(null);
  });
});

describe('waiting costs', () => {
  test('nothing while it is short', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two);
    await passDelivering(driver, 4_000);
    const { rowsWritten } = driver.db;
    driver.finish(jobId);
    const work = driver.db.rowsWritten - rowsWritten;
    const sent = driver.history.length;
    await driver.pass(300);
    expect({ work, sent }).toEqual({ work: 3, sent: 0 });
    expect(driver.history).toHaveLength(1);
  });

  test('one message and two rows of its shard while it is long, however long', async () => {
    const driver = new ShardDriver();
    const waits = driver.create(slowRetry);
    driver.claim(waits, { hinted: true });
    driver.settle(waits, driver.failed('ask#1', { retryAfterMs: 600_000 }));
    await passDelivering(driver, 4_000);
    const { rowsWritten } = driver.db;
    let messages = 0;
    for (let step = 0; step < 50; step += 1) {
      await driver.pass(10_000);
      messages += driver.history.length;
      driver.deliverHistory();
    }
    expect({ messages, rows: driver.db.rowsWritten - rowsWritten }).toEqual({
      messages: 1,
      rows: 2,
    });
  });

  test('nobody looks at it again while an object that forgets everything serves others', async () => {
    const driver = new ShardDriver();
    const waits = driver.create(slowRetry);
    driver.claim(waits, { hinted: true });
    driver.settle(waits, driver.failed('ask#1', { retryAfterMs: 600_000 }));
    await passDelivering(driver, 7_000);
    driver.coldAlarms = true;
    const before = driver.recorded.get(waits)?.job;
    const other = driver.create(two);
    driver.finish(other);
    let told = 0;
    for (let step = 0; step < 20; step += 1) {
      await driver.pass(5_000);
      told += driver.history
        .flatMap(({ entries }) => entries)
        .filter(({ job }) => job.id === waits).length;
      driver.deliverHistory();
    }
    expect(told).toBe(0);
    expect(driver.recorded.get(waits)?.job).toEqual(before);
  });
});
