import { expect, test } from 'vitest';

import { projectId } from '../../../src/domain/ids.ts';
import { checkProjectStream, followProject } from '../../../src/services/live/follow-project.ts';
import { liveWorld, newReader } from '../../support/live-world.ts';
import { PROJECT, ShardDriver } from '../../support/shard-driver.ts';

const ALL = { types: null, pipeline: null, tag: null };
const PLAIN = { steps: [{ id: 'a', uses: 'data.compose' as const }] };

function following(lastEventId: string | null = null) {
  const driver = new ShardDriver();
  const live = liveWorld(driver);
  const reader = newReader();
  const stream = { project: PROJECT, filter: ALL, lastEventId };
  const end = followProject({ live, machine: driver.machine() }, stream, reader);
  return { driver, live, reader, end };
}

test('a socket that breaks is replaced, and the client is told that it may have missed something', async () => {
  const { driver, live, reader, end } = following();
  await driver.quiet();
  expect(reader.messages.map(({ event }) => event)).toEqual(['stream.opened']);
  driver.finish(driver.create(PLAIN));
  await driver.quiet();
  const told = reader.messages.length;
  expect(reader.messages.at(-1)).toMatchObject({ event: 'job.succeeded' });
  live.breakAll();
  driver.finish(driver.create(PLAIN));
  await driver.pass(1_000);
  expect(reader.messages.slice(told)).toMatchObject([
    { event: 'stream.gap', data: { reason: 'reconnected' } },
  ]);
  const id = driver.create(PLAIN);
  await driver.quiet();
  expect(reader.messages.at(-1)?.id).toBe(`${id}:${driver.state(id).seq}`);
  reader.leave();
  expect(await end).toBe('left');
  await driver.quiet();
  expect(driver.listeners.count()).toBe(0);
});

test('without its shards the stream ends', async () => {
  const { driver, live, reader, end } = following();
  live.refuses = true;
  await driver.pass(30_000);
  expect(await end).toBe('unreachable');
  expect(reader.messages).toEqual([]);
});

test('a client that wants to resume is told that it cannot', async () => {
  const { driver, reader } = following('job_1:3');
  await driver.quiet();
  expect(reader.messages.map(({ event }) => event)).toEqual(['stream.opened', 'stream.gap']);
  reader.leave();
});

test('types that no event has are refused, groups and * are not', () => {
  const actor = {
    id: 'key_1',
    project: projectId('prj_test'),
    scopes: new Set(['jobs:read'] as const),
    isRoot: false,
  };
  const types = ['job.*', 'step.failed', '*'];
  expect(checkProjectStream(actor, { ...ALL, types })).toMatchObject({ ok: true });
  for (const wrong of ['jobs.*', 'job', 'step.delta', 'stream.gap']) {
    const refused = checkProjectStream(actor, { ...ALL, types: [...types, wrong] });
    expect(refused).toMatchObject({ ok: false, failure: { code: 'invalid_request' } });
  }
});
