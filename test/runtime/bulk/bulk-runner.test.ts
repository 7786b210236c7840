import { expect, test } from 'vitest';

import { bulkIdOf, bulkSchema, type Bulk } from '../../../src/domain/bulk.ts';
import { firstJobIdAt, jobIdOf, projectId, type JobId } from '../../../src/domain/ids.ts';
import { BulkRunner } from '../../../src/runtime/bulk/bulk-runner.ts';
import type { Deed } from '../../../src/services/bulk/act-on-job.ts';
import type { IndexedJob } from '../../../src/services/ports/job-index.ts';

const CREATED_MS = 1_700_000_000_000;
const DAY_MS = 86_400_000;

/** A job created so many milliseconds before the bulk action. */
function jobAt(agoMs: number): JobId {
  const time = (CREATED_MS - agoMs).toString(16).padStart(12, '0');
  return jobIdOf(`${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`, 0);
}

function bulkOf(more: Partial<Bulk> = {}): Bulk {
  return bulkSchema.parse({
    id: bulkIdOf('0'.repeat(32)),
    project: projectId('prj_test'),
    action: 'rerun',
    filter: {
      statuses: [],
      pipeline: 'p',
      version: null,
      tag: null,
      createdAfterMs: null,
      createdBeforeMs: null,
    },
    rerun: { fromStep: null, version: null },
    ratePerSecond: 2,
    limit: 100,
    dryRun: false,
    actor: { id: 'key_1', scopes: ['jobs:write'], isRoot: false },
    correlation: { requestId: 'req_1', traceId: 'a'.repeat(32) },
    bodyHash: null,
    createdAtMs: CREATED_MS,
    finishedAtMs: null,
    status: 'running',
    counts: { matched: 0, done: 0, skipped: 0, failed: 0 },
    failures: [],
    cursor: null,
    nextAtMs: CREATED_MS,
    tries: 0,
    told: null,
    ...more,
  });
}

/** A world in which the object can be killed at any await: what is stored stays, everything else is gone. */
class World {
  nowMs = CREATED_MS;
  alarmAtMs: number | null = null;
  stored: string | null = null;
  readonly copies: Bulk[] = [];
  readonly acted: { readonly id: JobId; readonly atMs: number }[] = [];
  readonly jobs: JobId[];
  deed: (id: JobId) => Promise<Deed> | Deed = () => ({ kind: 'done' });
  putting: () => Promise<void> = () => Promise.resolve();
  runner: BulkRunner;

  constructor(jobs: number) {
    this.jobs = Array.from({ length: jobs }, (_, index) => jobAt(index + 1));
    this.runner = this.#open();
  }

  /** The object dies, and another one is made of what it has stored. */
  kill(): void {
    this.runner = this.#open();
  }

  #open(): BulkRunner {
    let alive = true;
    const former = this.#die;
    this.#die = () => void (alive = false);
    former();
    const unlessDead = <Value>(value: Value): Promise<Value> =>
      alive ? Promise.resolve(value) : new Promise(() => {});
    return new BulkRunner({
      load: () => (this.stored === null ? null : bulkSchema.parse(JSON.parse(this.stored))),
      save: (bulk) => void (this.stored = JSON.stringify(bulk)),
      erase: async () => void (this.stored = null),
      setAlarm: (atMs) => {
        if (!Number.isInteger(atMs) || atMs <= this.nowMs) throw new Error('an alarm that is lost');
        this.alarmAtMs = atMs;
      },
      nowMs: () => this.nowMs,
      jobIndex: {
        list: async (_project, { before }, limit) => {
          const below = this.jobs.filter((id) => before === null || id < before);
          return unlessDead(below.slice(0, limit).map((id) => ({ id }) as IndexedJob));
        },
      },
      bulkIndex: {
        put: async (bulk) => {
          await this.putting();
          this.copies.push(bulk);
        },
        remove: async () => void this.copies.splice(0),
        list: () => Promise.resolve(this.copies),
      },
      act: async (_bulk, { id }) => {
        this.acted.push({ id, atMs: this.nowMs });
        return unlessDead(await this.deed(id));
      },
      log: () => {},
    });
  }

  #die: () => void = () => {};

  bulk(): Bulk {
    const bulk = this.runner.read();
    if (bulk === null) throw new Error('nothing is stored');
    return bulk;
  }

  /** Time passes up to the next alarm, which fires. */
  async fire(): Promise<void> {
    this.nowMs = Math.max(this.nowMs, this.alarmAtMs ?? this.nowMs);
    this.alarmAtMs = null;
    await this.runner.alarm();
  }

  async toEnd(): Promise<Bulk> {
    for (let firings = 0; this.bulk().status === 'running'; firings += 1) {
      if (firings > 500) throw new Error('it does not come to an end');
      await this.fire();
    }
    return this.bulk();
  }
}

test('deals with every job once, newest first, no faster than the rate', async () => {
  const world = new World(7);
  await world.runner.start(bulkOf());
  const over = await world.toEnd();
  expect(over).toMatchObject({
    status: 'succeeded',
    counts: { matched: 7, done: 7, skipped: 0, failed: 0 },
  });
  expect(world.acted.map(({ id }) => id)).toEqual(world.jobs);
  for (const { atMs } of world.acted) {
    const window = world.acted.filter((one) => one.atMs >= atMs && one.atMs < atMs + 1_000);
    expect(window.length).toBeLessThanOrEqual(2);
  }
  expect(world.copies.map(({ status }) => status)).toEqual(['running', 'succeeded']);
});

test('meets no job that is as young as itself', async () => {
  const world = new World(2);
  world.jobs.unshift(jobAt(0), jobAt(-5));
  expect(world.jobs[0] && world.jobs[0] >= firstJobIdAt(CREATED_MS)).toBe(true);
  await world.runner.start(bulkOf());
  expect((await world.toEnd()).counts.matched).toBe(2);
});

test('starting it again changes nothing', async () => {
  const world = new World(3);
  await world.runner.start(bulkOf());
  await world.fire();
  const before = world.bulk();
  expect(await world.runner.start(bulkOf({ action: 'cancel' }))).toEqual(before);
});

test('killed while it deals with a job, it goes on with that one, at its rate', async () => {
  const world = new World(5);
  await world.runner.start(bulkOf());
  const [, , third] = world.jobs;
  let killed = false;
  world.deed = (id) => {
    if (id === third && !killed) {
      killed = true;
      return new Promise(() => {});
    }
    return { kind: 'done' };
  };
  await world.fire();
  // This firing hangs in the middle of the third job, and dies there.
  world.nowMs = world.alarmAtMs ?? 0;
  void world.runner.alarm();
  await new Promise((resolve) => setImmediate(resolve));
  world.kill();
  world.runner.ensureAlarm();
  const over = await world.toEnd();
  expect(over.counts).toEqual({ matched: 5, done: 5, skipped: 0, failed: 0 });
  const times = (id: JobId) => world.acted.filter((one) => one.id === id).map(({ atMs }) => atMs);
  const [first = 0, second = 0, ...more] = third === undefined ? [] : times(third);
  expect(second - first).toBeGreaterThanOrEqual(1_000);
  expect(more).toEqual([]);
  for (const id of world.jobs.filter((one) => one !== third)) expect(times(id)).toHaveLength(1);
});

test('an abort while a job is dealt with counts that job and stops before the next', async () => {
  const world = new World(5);
  await world.runner.start(bulkOf());
  world.deed = async () => {
    await world.runner.abort();
    return { kind: 'done' };
  };
  await world.fire();
  expect(world.bulk()).toMatchObject({ status: 'aborted', counts: { matched: 1, done: 1 } });
  await world.runner.alarm();
  expect(world.acted).toHaveLength(1);
  expect(await world.runner.abort()).toEqual(world.bulk());
  expect(world.copies.at(-1)?.status).toBe('aborted');
});

test('a job that cannot be reached is tried again, ever more seldom, and then given up', async () => {
  const world = new World(2);
  await world.runner.start(bulkOf({ ratePerSecond: 100 }));
  const [first] = world.jobs;
  world.deed = (id) => {
    if (id !== first) return { kind: 'done' };
    if (world.acted.length % 2 === 0) throw new Error('reset');
    return { kind: 'later' };
  };
  const over = await world.toEnd();
  expect(over.counts).toEqual({ matched: 2, done: 1, skipped: 0, failed: 1 });
  expect(over.failures).toMatchObject([{ jobId: first, code: 'unavailable' }]);
  expect(world.nowMs - CREATED_MS).toBeGreaterThan(60_000);
});

test('keeps the first failures, and counts all', async () => {
  const world = new World(30);
  world.deed = () => ({ kind: 'failed', code: 'conflict', message: 'no' });
  await world.runner.start(bulkOf({ ratePerSecond: 100 }));
  const over = await world.toEnd();
  expect([over.counts.failed, over.failures.length]).toEqual([30, 20]);
});

test('a dry run acts on nothing, and a limit is the most it counts', async () => {
  const world = new World(30);
  await world.runner.start(bulkOf({ dryRun: true, limit: 12 }));
  expect((await world.toEnd()).counts).toEqual({ matched: 12, done: 0, skipped: 0, failed: 0 });
  expect(world.acted).toEqual([]);
});

test('an end that overtakes the telling of the beginning is told last', async () => {
  const world = new World(1);
  const { promise, resolve: release } = Promise.withResolvers<void>();
  world.putting = () => promise;
  const starting = world.runner.start(bulkOf());
  world.putting = () => Promise.resolve();
  await world.toEnd();
  release();
  await starting;
  expect(world.copies.at(-1)?.status).toBe('succeeded');
  expect(world.bulk().told).toBe('succeeded');
});

test('what D1 does not take is told later, and after its time it is forgotten', async () => {
  const world = new World(1);
  world.putting = () => Promise.reject(new Error('D1 is away'));
  await world.runner.start(bulkOf());
  await world.toEnd();
  await world.fire();
  expect(world.copies).toEqual([]);
  world.putting = () => Promise.resolve();
  await world.fire();
  expect(world.copies.map(({ status }) => status)).toEqual(['succeeded']);
  expect((world.alarmAtMs ?? 0) - CREATED_MS).toBeGreaterThan(89 * DAY_MS);
  await world.fire();
  expect([world.stored, world.copies]).toEqual([null, []]);
});
