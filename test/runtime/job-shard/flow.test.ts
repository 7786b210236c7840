import { beforeEach, describe, expect, test } from 'vitest';

import type { JobFlow } from '../../../src/domain/job/flow.ts';
import type { JobId } from '../../../src/domain/ids.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { FlowDriver } from '../../support/flow-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const two: DefinitionBody = {
  steps: [
    { id: 'a', uses: 'data.compose' },
    { id: 'b', uses: 'data.compose', needs: ['a'] },
  ],
};
const waits: DefinitionBody = {
  steps: [
    { id: 'a', uses: 'data.compose' },
    { id: 'w', uses: 'wait', needs: ['a'], with: { duration: '10m' } },
    { id: 'b', uses: 'data.compose', needs: ['w'] },
  ],
};
const single: JobFlow = { key: 'p:x', keyLimit: 1, projectLimit: null, priority: 'normal' };

let driver: ShardDriver;
let world: FlowDriver;
beforeEach(() => {
  driver = new ShardDriver();
  world = new FlowDriver(driver);
});

async function create(body = two, flow: JobFlow | null = single): Promise<JobId> {
  const jobId = driver.create(body, flow === null ? {} : { flow });
  await driver.quiet();
  return jobId;
}

const waitingOn = (jobId: JobId) => driver.snapshot(jobId).waitingOn;
const wakesOf = (jobId: JobId) => driver.wakes.filter((wake) => wake.job_id === jobId).length;
const running = () => [...world.flow.running.keys()];

describe('a job without limits', () => {
  test('asks nobody and keeps no note', async () => {
    const jobId = await create(two, null);
    expect(wakesOf(jobId)).toBe(1);
    driver.finish(jobId);
    await driver.settleHistory();
    expect(world.calls).toEqual({ exchange: 0, grant: 0 });
    expect(world.db.rowsWritten).toBe(1);
  });
});

describe('a job under a limit', () => {
  test('runs at once where there is room', async () => {
    const jobId = await create();
    expect(wakesOf(jobId)).toBe(1);
    expect(waitingOn(jobId)?.kind).toBe('runner');
    expect(driver.finish(jobId).status).toBe('succeeded');
    await driver.quiet();
    expect(running()).toEqual([]);
  });

  test('waits where there is none: no work, no hint, and it says so', async () => {
    const first = await create();
    const second = await create();
    expect(driver.claim(second, { hinted: true })).toEqual([]);
    expect(wakesOf(second)).toBe(0);
    expect(waitingOn(second)).toEqual({ kind: 'concurrency', key: 'p:x', untilAtMs: null });
    driver.finish(first);
    await driver.quiet();
    expect(wakesOf(second)).toBe(1);
    expect(driver.finish(second).status).toBe('succeeded');
  });

  test('gives no work with its submit, and is run by the queue', async () => {
    const answer = driver.submit(two, { flow: single, turn: {} });
    expect(answer).toMatchObject({ kind: 'created', turn: { work: [], job: 'open' } });
    await driver.quiet();
    expect(driver.wakes).toHaveLength(1);
  });

  test('that is cancelled while it waits leaves the line', async () => {
    const first = await create();
    const second = await create();
    driver.shard.cancel({ jobId: second, by: 'key_1' });
    await driver.quiet();
    expect(world.flow.waiting.size).toBe(0);
    expect(running()).toEqual([first]);
  });

  test('that expires while it waits leaves the line', async () => {
    await create();
    const second = await create({ ...two, timeouts: { queue: '10s' } });
    await driver.pass(11_000);
    expect(driver.state(second).status).toBe('expired');
    expect(world.flow.waiting.size).toBe(0);
  });

  test('that only waits for a timer lets others run, and asks again afterwards', async () => {
    const first = await create(waits);
    const second = await create();
    driver.finish(first);
    await driver.quiet();
    expect(running()).toEqual([second]);
    expect(waitingOn(first)?.kind).toBe('timer');
    await driver.pass(601_000);
    expect(waitingOn(first)?.kind).toBe('concurrency');
    expect(driver.claim(first)).toEqual([]);
    driver.finish(second);
    await driver.quiet();
    expect(driver.finish(first).status).toBe('succeeded');
    await driver.quiet();
    expect(running()).toEqual([]);
  });

  test('keeps its slot when its runner dies, and gives it back at its end', async () => {
    const first = await create();
    driver.claim(first, { hinted: true });
    const second = await create();
    await driver.pass(60_000);
    expect(running()).toEqual([first]);
    driver.finish(first);
    await driver.quiet();
    expect(running()).toEqual([second]);
  });

  test('that a defect ends gives its slot back', async () => {
    const first = await create();
    const second = await create();
    driver.db.beforeExec = (query) => {
      if (query.startsWith('UPDATE jobs SET state')) {
        driver.db.beforeExec = () => {};
        throw new Error('a defect');
      }
    };
    driver.claim(first, { hinted: true });
    await driver.quiet();
    expect(driver.state(first).status).toBe('failed');
    expect(running()).toEqual([second]);
  });

  test('that is paused gives its slot back once its attempts have ended', async () => {
    const first = await create();
    const second = await create();
    driver.claim(first, { hinted: true });
    driver.shard.pause({ jobId: first, by: 'key_1' });
    await driver.quiet();
    expect(running()).toEqual([first]);
    driver.succeed(first, 'a#1');
    await driver.quiet();
    expect(running()).toEqual([second]);
  });
});

describe('what gets lost', () => {
  test('an ask is repeated', async () => {
    world.faults = ['lost'];
    const jobId = await create();
    expect(wakesOf(jobId)).toBe(0);
    await driver.pass(31_000);
    expect(wakesOf(jobId)).toBe(1);
  });

  test('an answer: the repeated ask finds the slot that was given', async () => {
    world.faults = ['answer_lost'];
    const jobId = await create();
    await driver.pass(31_000);
    expect(wakesOf(jobId)).toBe(1);
    expect(running()).toEqual([jobId]);
  });

  test('a release is repeated, after a restart too', async () => {
    const jobId = await create();
    world.faults = ['lost', 'lost'];
    driver.finish(jobId);
    await driver.settleHistory();
    driver.restart();
    await driver.pass(120_000);
    expect(running()).toEqual([]);
  });

  test('a grant for a job that was cancelled meanwhile comes back', async () => {
    world.faults = ['late'];
    const jobId = await create();
    driver.shard.cancel({ jobId, by: 'key_1' });
    await driver.quiet();
    world.deliverLate();
    expect(running()).toEqual([jobId]);
    const next = await create();
    expect(world.flow.waiting.has(next)).toBe(true);
    await driver.pass(200_000);
    expect(running()).toEqual([next]);
  });

  test('the memory of both: nobody waits for ever', async () => {
    const first = await create();
    const second = await create();
    driver.restart();
    world.restart();
    driver.finish(first);
    await driver.pass(1_000);
    expect(wakesOf(second)).toBe(1);
  });
});

test('a limited job writes one row more in its shard, and makes two calls; one that waits is told in an answer', async () => {
  const cost = async (flow: JobFlow | null) => {
    const before = driver.db.rowsWritten;
    const calls = world.calls.exchange;
    const jobId = await create(two, flow);
    driver.finish(jobId);
    await driver.settleHistory();
    return { rows: driver.db.rowsWritten - before, calls: world.calls.exchange - calls };
  };
  await cost(null);
  const free = await cost(null);
  const limited = await cost(single);
  expect(limited.rows - free.rows).toBe(1);
  expect([free.calls, limited.calls]).toEqual([0, 2]);
  expect(world.calls.grant).toBe(0);
});
