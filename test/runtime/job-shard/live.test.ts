import { describe, expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import type { EventFilter, LiveFrame, ListenWish } from '../../../src/services/ports/live.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { FakeSocket } from '../../support/fake-listeners.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const CHAT: DefinitionBody = {
  steps: [
    {
      id: 'ask',
      uses: 'model.chat',
      route: { targets: [{ provider: 'openai', model: 'm' }] },
      retry: { base_delay: '1ms' },
    },
  ],
};

function listen(driver: ShardDriver, wish: ListenWish): FakeSocket {
  expect(driver.shard.mayListen(wish)).toBe('welcome');
  const socket = new FakeSocket(wish);
  driver.listeners.add(socket);
  driver.shard.welcome(socket);
  return socket;
}

function toJob(driver: ShardDriver, jobId: JobId, afterSeq = 0): FakeSocket {
  return listen(driver, { kind: 'job', jobId, afterSeq });
}

function toProject(driver: ShardDriver, filter: Partial<EventFilter> = {}): FakeSocket {
  const all = { types: null, pipeline: null, tag: null };
  return listen(driver, { kind: 'project', filter: { ...all, ...filter } });
}

function typesIn(frames: readonly LiveFrame[]): string[] {
  return frames.flatMap((frame) =>
    frame.kind === 'events' ? frame.events.map(({ type }) => type) : [],
  );
}

function delta(jobId: JobId, attempt: number, index: number, text: string) {
  return { jobId, step: 'ask', item: null, attempt, index, text };
}

describe('events as they happen', () => {
  test('cost a look at a flag where nobody listens', async () => {
    const driver = new ShardDriver();
    let asked = 0;
    const count = driver.listeners.count.bind(driver.listeners);
    driver.listeners.count = () => {
      asked += 1;
      return count();
    };
    for (let job = 0; job < 20; job += 1) driver.finish(driver.create(CHAT));
    await driver.quiet();
    expect(asked).toBe(1);
  });

  test('are told once what led to them is stored, and never of what was undone', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(CHAT);
    const socket = toJob(driver, jobId);
    const before = typesIn(socket.frames).length;
    driver.claim(jobId);
    expect(typesIn(socket.frames)).toHaveLength(before);
    await driver.quiet();
    expect(typesIn(socket.frames)).toEqual(driver.events(jobId).map(({ type }) => type));
  });

  test('reach listeners that the shard has forgotten', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(CHAT);
    const [job, project] = [toJob(driver, jobId), toProject(driver)];
    driver.restart();
    const { seq } = driver.finish(jobId);
    await driver.quiet();
    expect(typesIn(job.frames)).toHaveLength(seq);
    expect(typesIn(project.frames).at(-1)).toBe('job.succeeded');
    expect([job.open, project.open]).toEqual([false, true]);
  });

  test('of a job that a defect ends are told too', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(CHAT);
    const socket = toJob(driver, jobId);
    driver.db.port().exec('DELETE FROM definitions');
    driver.restart();
    driver.claim(jobId);
    await driver.quiet();
    expect(typesIn(socket.frames).at(-1)).toBe('job.failed');
    expect(socket.open).toBe(false);
  });

  test.each<[string, Partial<EventFilter>, readonly string[]]>([
    ['by type', { types: ['job.succeeded'] }, ['job.succeeded']],
    [
      'by group',
      { types: ['job.*', 'step.started'] },
      ['job.started', 'step.started', 'job.succeeded'],
    ],
    ['by another pipeline', { pipeline: 'another' }, []],
    ['by a tag that the job lacks', { tag: 'nightly' }, []],
  ])('are told to a project %s', async (_how, filter, expected) => {
    const driver = new ShardDriver();
    const socket = toProject(driver, filter);
    const jobId = driver.create(CHAT);
    await driver.quiet();
    socket.frames.length = 0;
    driver.finish(jobId);
    await driver.quiet();
    expect(typesIn(socket.frames)).toEqual(expected);
  });

  test('nobody listens to a job of another shard', () => {
    const driver = new ShardDriver();
    const jobId = driver.newJobId();
    expect(driver.shard.mayListen({ kind: 'job', jobId, afterSeq: 0 })).toBe('gone');
  });
});

describe('a piece of text', () => {
  test('is told to those who listen to its job, while its attempt is open', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(CHAT);
    const [key = ''] = driver.claim(jobId);
    expect(driver.shard.tellDelta(delta(jobId, 1, 0, 'a'))).toEqual({ listening: false });
    const [socket, project] = [toJob(driver, jobId), toProject(driver)];
    expect(driver.shard.tellDelta(delta(jobId, 1, 0, 'a'))).toEqual({ listening: true });
    expect(driver.shard.tellDelta(delta(jobId, 1, 1, ''))).toEqual({ listening: true });
    expect(driver.shard.tellDelta(delta(jobId, 2, 0, 'x'))).toEqual({ listening: false });
    driver.restart();
    expect(driver.shard.tellDelta(delta(jobId, 1, 1, 'b'))).toEqual({ listening: true });
    driver.succeed(jobId, key);
    expect(driver.shard.tellDelta(delta(jobId, 1, 2, 'c'))).toEqual({ listening: false });
    await driver.quiet();
    const texts = socket.frames.flatMap((frame) => (frame.kind === 'delta' ? [frame.delta] : []));
    const which = { job_id: jobId, step: 'ask', attempt: 1 };
    expect(texts).toEqual([
      { ...which, index: 0, text: 'a' },
      { ...which, index: 1, text: 'b' },
    ]);
    expect(project.frames.some(({ kind }) => kind === 'delta')).toBe(false);
  });

  test('comes after the event of its attempt, even when that was only just committed', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(CHAT);
    const socket = toJob(driver, jobId);
    driver.claim(jobId);
    driver.shard.tellDelta(delta(jobId, 1, 0, 'a'));
    const kinds = socket.frames.map((frame) =>
      frame.kind === 'events' ? frame.events.at(-1)?.type : frame.kind,
    );
    expect(kinds.slice(-2)).toEqual(['attempt.started', 'delta']);
  });
});
