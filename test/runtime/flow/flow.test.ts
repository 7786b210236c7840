import { beforeEach, describe, expect, test } from 'vitest';

import type { JobFlow } from '../../../src/domain/job/flow.ts';
import { jobIdOf, type JobId } from '../../../src/domain/ids.ts';
import type { FlowAsk, FlowSlot } from '../../../src/services/ports/flow.ts';
import { FlowDriver } from '../../support/flow-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

let world: ShardDriver;
let driver: FlowDriver;
beforeEach(() => {
  world = new ShardDriver();
  driver = new FlowDriver(world);
});

const limits: JobFlow = { key: 'p', keyLimit: 1, projectLimit: null, priority: 'normal' };

function ask(jobId: JobId, more: Partial<FlowAsk> = {}): FlowAsk {
  return { jobId, turn: 1, ...limits, ...more };
}

function newJob(shard = 3): JobId {
  return jobIdOf(
    `0190${Math.random().toString(16).slice(2, 6).padEnd(4, '0')}-0000-7000-8000-${Math.random().toString(16).slice(2, 14).padEnd(12, '0')}`,
    shard,
  );
}

function tell(
  asks: readonly FlowAsk[],
  releases: readonly FlowSlot[] = [],
  shard = 3,
): readonly JobId[] {
  return driver.flow.exchange({ shard, asks, releases }).granted.map(({ jobId }) => jobId);
}

describe('a limit', () => {
  test('gives as many slots as there are, and the next when one comes back', () => {
    const [one, two, three] = [newJob(), newJob(), newJob()];
    expect(tell([one, two, three].map((id) => ask(id, { keyLimit: 2 })))).toEqual([one, two]);
    expect(tell([], [{ jobId: one, turn: 1 }])).toEqual([three]);
  });

  test('of one key is not the limit of another', () => {
    const [busy, next, free] = [newJob(), newJob(), newJob()];
    expect(tell([ask(busy), ask(next), ask(free, { key: 'q' })])).toEqual([busy, free]);
  });

  test('of the project counts all keys together', () => {
    const jobs = ['a', 'b', 'c'].map((key) => [newJob(), key] as const);
    const asks = jobs.map(([id, key]) => ask(id, { key, projectLimit: 2 }));
    expect(tell(asks)).toHaveLength(2);
    expect(driver.flow.waiting.size).toBe(1);
  });

  test('holds after the object was put away', () => {
    const [one, two] = [newJob(), newJob()];
    tell([ask(one)]);
    driver.restart();
    expect(tell([ask(two)])).toEqual([]);
    driver.restart();
    expect(tell([], [{ jobId: one, turn: 1 }])).toEqual([two]);
  });

  test('keys go on taking turns after the object was put away', () => {
    const jobs = ['a', 'a', 'b', 'b'].map((key) => [newJob(), key] as const);
    const asks = jobs.map(([id, key]) => ask(id, { key, keyLimit: 9, projectLimit: 1 }));
    const served: (string | null | undefined)[] = [];
    let granted = tell(asks);
    while (granted.length > 0) {
      const [jobId] = granted;
      if (jobId === undefined) break;
      served.push(driver.flow.running.get(jobId)?.key);
      driver.restart();
      granted = tell([], [{ jobId, turn: 1 }]);
    }
    expect(served).toEqual(['a', 'b', 'a', 'b']);
  });
});

describe('what comes twice or late', () => {
  test('a repeated ask keeps its slot, and its place in line', () => {
    const [one, two, three] = [newJob(), newJob(), newJob()];
    tell([ask(one), ask(two), ask(three)]);
    expect(tell([ask(one), ask(two)])).toEqual([one]);
    expect(tell([], [{ jobId: one, turn: 1 }])).toEqual([two]);
  });

  test('a late release does not take the slot of a later turn', () => {
    const one = newJob();
    tell([ask(one)]);
    tell([], [{ jobId: one, turn: 1 }]);
    tell([ask(one, { turn: 5 })]);
    tell([], [{ jobId: one, turn: 1 }]);
    expect(driver.flow.running.get(one)?.turn).toBe(5);
  });

  test('an ask for a later turn gives the earlier one back', () => {
    const [one, two] = [newJob(), newJob()];
    tell([ask(one), ask(two)]);
    expect(tell([ask(one, { turn: 5 })])).toEqual([two]);
    expect(driver.flow.waiting.get(one)?.turn).toBe(5);
  });

  test('a late ask of an earlier turn changes nothing', () => {
    const one = newJob();
    tell([ask(one, { turn: 5 })]);
    expect(tell([ask(one, { turn: 1 })])).toEqual([]);
    expect(driver.flow.running.get(one)?.turn).toBe(5);
  });
});

describe('telling', () => {
  test('a job of another shard is told of', async () => {
    const [mine, theirs] = [newJob(3), newJob(4)];
    tell([ask(mine)]);
    tell([ask(theirs)], [], 4);
    expect(tell([], [{ jobId: mine, turn: 1 }])).toEqual([]);
    await world.quiet();
    expect(driver.elsewhere).toEqual([[4, { jobId: theirs, turn: 1 }]]);
  });

  test('a slot that no job holds goes to the next in line', async () => {
    const [gone, next] = [newJob(7), newJob(4)];
    tell([ask(gone)], [], 7);
    tell([ask(next)], [], 4);
    await world.pass(200_000);
    expect([...driver.flow.running.keys()]).toEqual([next]);
    expect(driver.elsewhere.at(0)).toEqual([4, { jobId: next, turn: 1 }]);
  });

  test('a shard that cannot be reached is told again', async () => {
    const [mine, theirs] = [newJob(3), newJob(7)];
    tell([ask(mine)]);
    tell([ask(theirs)], [], 7);
    driver.faults = ['lost', 'lost'];
    tell([], [{ jobId: mine, turn: 1 }]);
    await world.pass(29_000);
    expect(driver.calls.grant).toBe(1);
    await world.pass(2_000);
    expect(driver.calls.grant).toBe(2);
    await world.pass(60_000);
    // The shard has no such job, so that its slot came back.
    expect(driver.flow.running.size).toBe(0);
  });
});

test('a slot costs two rows, and four when a job had to wait for it', () => {
  const [one, two] = [newJob(), newJob()];
  const rows: number[] = [];
  const counted = (work: () => void) => {
    const before = driver.db.rowsWritten;
    work();
    rows.push(driver.db.rowsWritten - before);
  };
  counted(() => tell([ask(one)]));
  counted(() => tell([ask(two)]));
  counted(() => tell([], [{ jobId: one, turn: 1 }]));
  counted(() => tell([], [{ jobId: two, turn: 1 }]));
  expect(rows).toEqual([1, 1, 3, 1]);
});
