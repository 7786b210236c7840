import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import { followJob, type FollowEnd } from '../../../src/services/live/follow-job.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { liveWorld, newReader, type LiveWorld, type Reader } from '../../support/live-world.ts';
import { PROJECT, ShardDriver } from '../../support/shard-driver.ts';

const ITEMS: DefinitionBody = {
  steps: [{ id: 'each', uses: 'data.compose', for_each: '${{ input.list }}' }],
};

function world() {
  const driver = new ShardDriver();
  return { driver, live: liveWorld(driver) };
}

/** Follows a job from after an event; the reader sees what is sent until it leaves. */
function follow(driver: ShardDriver, live: LiveWorld, jobId: JobId, afterSeq: number) {
  const reader = newReader();
  const page = driver.shard.events({ jobId, afterSeq, limit: 500 });
  if (page === null) throw new Error(`${jobId} is not there`);
  const client = driver.client();
  const deps = {
    live,
    machine: driver.machine(),
    log: () => {},
    shards: { count: 8, former: null, of: () => client },
  };
  const end = followJob(deps, { project: PROJECT, jobId, afterSeq, page }, reader);
  return { reader, end };
}

function seqsOf({ messages }: Reader): number[] {
  return messages.flatMap(({ id }) => (id === undefined ? [] : [Number(id)]));
}

function whole(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

describe('following a job', () => {
  test('tells what happened, then what happens, and ends with the job', async () => {
    const { driver, live } = world();
    const jobId = driver.create(ITEMS, { input: { list: [1, 2, 3] } });
    const { reader, end } = follow(driver, live, jobId, 0);
    await driver.quiet();
    expect(seqsOf(reader)).toEqual(whole(driver.state(jobId).seq));
    const { seq } = driver.finish(jobId);
    expect(await end).toBe('over');
    expect(seqsOf(reader)).toEqual(whole(seq));
    expect(driver.listeners.count()).toBe(0);
  });

  test('needs no socket for a job that is over, however long its history is', async () => {
    const { driver, live } = world();
    const list = Array.from({ length: 400 }, (_, index) => index);
    const jobId = driver.create(ITEMS, { input: { list } });
    const { seq } = driver.finish(jobId);
    expect(seq).toBeGreaterThan(800);
    const { reader, end } = follow(driver, live, jobId, 0);
    expect(await end).toBe('over');
    expect(seqsOf(reader)).toEqual(whole(seq));
    expect(live.opened).toBe(0);
  });

  test('a listener who lacks more than is told at once reads it first', async () => {
    const { driver, live } = world();
    const list = Array.from({ length: 900 }, (_, index) => index);
    const jobId = driver.create(ITEMS, { input: { list } });
    const { reader, end } = follow(driver, live, jobId, 0);
    // All of it happens before the socket is open.
    const { seq } = driver.finish(jobId);
    expect(await end).toBe('over');
    expect(seqsOf(reader)).toEqual(whole(seq));
    expect(live.opened).toBe(1);
  });

  test('gives up when its shard lets nobody in for a while', async () => {
    const { driver, live } = world();
    const jobId = driver.create(ITEMS, { input: { list: [1] } });
    live.refuses = true;
    const { reader, end } = follow(driver, live, jobId, 0);
    await driver.pass(30_000);
    expect(await end).toBe('unreachable');
    expect(seqsOf(reader)).toEqual(whole(driver.state(jobId).seq).slice(0, seqsOf(reader).length));
  });

  test('lets its socket go at once when the reader leaves', async () => {
    const { driver, live } = world();
    const jobId = driver.create(ITEMS, { input: { list: [1] } });
    const { reader, end } = follow(driver, live, jobId, 0);
    await driver.quiet();
    expect(driver.listeners.count()).toBe(1);
    reader.leave();
    expect(await end).toBe('left');
    await driver.quiet();
    expect(driver.listeners.count()).toBe(0);
  });
});

type Deed = 'work' | 'break' | 'restart' | 'resume' | 'quiet' | 'pass';
const deeds = fc.array(
  fc.constantFrom<Deed>('work', 'work', 'work', 'break', 'restart', 'resume', 'quiet', 'pass'),
  { minLength: 5, maxLength: 40 },
);

async function liveThrough(script: readonly Deed[], count: number): Promise<void> {
  const { driver, live } = world();
  const list = Array.from({ length: count }, (_, index) => index);
  const jobId = driver.create(ITEMS, { input: { list } });
  const seen: number[] = [];
  let following: { reader: Reader; end: Promise<FollowEnd> } | null = null;
  const resume = async (): Promise<void> => {
    if (following !== null) {
      following.reader.leave();
      await following.end;
      seen.push(...seqsOf(following.reader));
    }
    following = follow(driver, live, jobId, seen.at(-1) ?? 0);
  };
  await resume();
  let held: string[] = [];
  for (const deed of script) {
    if (deed === 'work') {
      if (held.length === 0) held = driver.claim(jobId);
      const key = held.pop();
      if (key !== undefined) driver.succeed(jobId, key);
    } else if (deed === 'break') live.breakAll();
    else if (deed === 'restart') driver.restart();
    else if (deed === 'resume') await resume();
    else if (deed === 'quiet') await driver.quiet();
    else await driver.pass(600);
  }
  for (const key of held) driver.succeed(jobId, key);
  driver.finish(jobId);
  await driver.pass(10_000);
  await resume();
  const { seq } = driver.state(jobId);
  seen.push(...seqsOf(await lastOf(following)));
  expect(seen).toEqual(whole(seq));
}

test('whatever is cut, broken, restarted or resumed, each event is told exactly once, in order', async () => {
  const items = fc.integer({ min: 1, max: 12 });
  await fc.assert(fc.asyncProperty(deeds, items, liveThrough), { numRuns: 150 });
});

async function lastOf(following: { reader: Reader; end: Promise<FollowEnd> } | null) {
  if (following === null) throw new Error('nobody follows');
  expect(await following.end).toBe('over');
  return following.reader;
}
