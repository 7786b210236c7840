import { expect, test } from 'vitest';

import { projectId } from '../../../../src/domain/ids.ts';
import type { AccessStore } from '../../../../src/services/ports/access.ts';
import type { Pipelines, PipelineVersion } from '../../../../src/services/ports/pipelines.ts';
import {
  withRecentEndpoints,
  withRecentHeads,
  withRecentKeys,
  withRecentPrices,
} from '../../../../src/runtime/d1/recent/recent-lookups.ts';
import type { Prices } from '../../../../src/services/ports/prices.ts';
import type { WebhookEndpoints } from '../../../../src/services/ports/webhooks.ts';

const project = projectId('prj_00000000000000000000000000000001');

/** A clock that moves only by waiting. */
function makeClock() {
  const clock = {
    nowMs: 1_000_000,
    waits: 0,
    port: {
      nowMs: () => clock.nowMs,
      wait: async (ms: number) => {
        clock.waits += 1;
        clock.nowMs += ms;
      },
    },
  };
  return clock;
}

function versionOf(version: number, createdAtMs = 0): PipelineVersion {
  return { name: 'p', version, hash: `hash-${version}`, createdAtMs, createdBy: 'key_1' };
}

/** D1 with one pipeline; how often it was asked. */
function makeStored(newest: PipelineVersion | null) {
  const stored = { newest, created: true, asked: 0 };
  const port: Pick<Pipelines, 'head' | 'add'> = {
    async head() {
      stored.asked += 1;
      return stored.newest;
    },
    async add() {
      const version = stored.created
        ? versionOf((stored.newest?.version ?? 0) + 1)
        : (stored.newest ?? versionOf(1));
      stored.newest = version;
      return { version, created: stored.created };
    },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what these tests use of the port
  return { stored, port: port as Pipelines };
}

const toAdd: Parameters<Pipelines['add']>[1] = {
  ...versionOf(0),
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nobody looks into it here
  definition: {} as Parameters<Pipelines['add']>[1]['definition'],
};

test('the newest version is asked for once a second', async () => {
  const clock = makeClock();
  const { stored, port } = makeStored(versionOf(1));
  const pipelines = withRecentHeads(port, clock.port);
  for (const _ of [1, 2, 3]) await pipelines.head(project, 'p', null);
  expect(stored.asked).toBe(1);
  await pipelines.head(project, 'p', 1);
  await pipelines.head(project, 'q', null);
  expect(stored.asked).toBe(3);
  clock.nowMs += 1_000;
  await pipelines.head(project, 'p', null);
  expect(stored.asked).toBe(4);
});

test('what does not exist is not remembered', async () => {
  const clock = makeClock();
  const { stored, port } = makeStored(null);
  const pipelines = withRecentHeads(port, clock.port);
  expect(await pipelines.head(project, 'p', null)).toBeNull();
  await pipelines.add(project, toAdd);
  expect(clock.waits).toBe(0);
  expect(await pipelines.head(project, 'p', null)).toBe(stored.newest);
});

test('once a newer version is confirmed, no isolate uses the one before', async () => {
  const clock = makeClock();
  const { stored, port } = makeStored(versionOf(1));
  const [here, elsewhere] = [port, port].map((one) => withRecentHeads(one, clock.port));
  await elsewhere?.head(project, 'p', null);
  await here?.add(project, toAdd);
  expect((await elsewhere?.head(project, 'p', null))?.version).toBe(2);
  expect(stored.newest?.version).toBe(2);
});

test('a repeated publication whose first answer was lost waits as long as the first would have', async () => {
  const clock = makeClock();
  const { stored, port } = makeStored(versionOf(2, clock.nowMs - 100));
  stored.created = false;
  const pipelines = withRecentHeads(port, clock.port);
  await pipelines.add(project, toAdd);
  expect(clock.waits).toBe(1);
  await pipelines.add(project, toAdd);
  expect(clock.waits).toBe(1);
});

test('an answer counts as old as its question', async () => {
  const clock = makeClock();
  const { stored, port } = makeStored(versionOf(1));
  const slow: Pipelines = {
    ...port,
    async head(...asked) {
      clock.nowMs += 900;
      return port.head(...asked);
    },
  };
  const pipelines = withRecentHeads(slow, clock.port);
  await pipelines.head(project, 'p', null);
  clock.nowMs += 100;
  await pipelines.head(project, 'p', null);
  expect(stored.asked).toBe(2);
});

test('a deleted key is refused everywhere once its deletion is confirmed', async () => {
  const clock = makeClock();
  const key = {
    id: 'key_1',
    project,
    name: 'k',
    hash: 'h',
    scopes: [],
    createdAtMs: 0,
    maxConcurrentJobs: null,
  };
  let stored: typeof key | null = key;
  const port: Pick<AccessStore, 'findKey' | 'deleteKey'> = {
    findKey: async () => stored,
    async deleteKey() {
      stored = null;
      return true;
    },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what this test uses of the port
  const access = port as AccessStore;
  const [here, elsewhere] = [access, access].map((one) => withRecentKeys(one, clock.port));
  expect(await elsewhere?.findKey('key_1')).toBe(key);
  await here?.deleteKey(project, 'key_1');
  expect(await elsewhere?.findKey('key_1')).toBeNull();
});

test('prices are asked for once a second, and who changes one is answered when nobody knows the old ones', async () => {
  const clock = makeClock();
  const price = { id: 'prc_1' } as Awaited<ReturnType<Prices['list']>>[number];
  const stored = { prices: [price], asked: 0, overlap: false };
  const port: Prices = {
    async list() {
      stored.asked += 1;
      return stored.prices;
    },
    async put() {
      if (stored.overlap) return { kind: 'overlap', other: price };
      stored.prices = [];
      return { kind: 'stored' };
    },
    delete: async () => true,
  };
  const here = withRecentPrices(port, clock.port);
  const elsewhere = withRecentPrices(port, clock.port);
  for (const _ of [1, 2, 3]) expect(await elsewhere.list(project)).toEqual([price]);
  expect(stored.asked).toBe(1);
  await here.put(project, price);
  expect(await elsewhere.list(project)).toEqual([]);
  expect(clock.waits).toBe(1);
  // What was refused has changed nothing, and is answered at once.
  stored.overlap = true;
  await here.put(project, price);
  expect(clock.waits).toBe(1);
});

test('a project without webhook endpoints is asked for once a second, and its first one waits that out', async () => {
  const clock = makeClock();
  let asked = 0;
  const stored = {
    list: async () => {
      asked += 1;
      return [];
    },
    insert: async () => true,
    remove: async () => false,
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what this test uses of the port
  const endpoints = withRecentEndpoints(stored as unknown as WebhookEndpoints, clock.port);
  for (const _ of [1, 2, 3]) expect(await endpoints.list(project)).toEqual([]);
  expect(await endpoints.get(project, 'whe_1')).toBeNull();
  expect(asked).toBe(1);
  expect(await endpoints.remove(project, 'whe_1', 0)).toBe(false);
  expect(clock.waits).toBe(0);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nobody looks into it here
  await endpoints.insert({} as Parameters<WebhookEndpoints['insert']>[0], 16);
  expect(clock.waits).toBe(1);
});

test('an endpoint that was made a moment ago, in an answer that was lost, is shown once every memory knows it', async () => {
  const clock = makeClock();
  const madeAtMs = clock.nowMs;
  const known = { endpoint: { createdAtMs: madeAtMs }, bodySha256: 'b' };
  const stored = {
    madeUnder: async (_project: string, key: string) => (key === 'k' ? known : null),
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what this test uses of the port
  const endpoints = withRecentEndpoints(stored as unknown as WebhookEndpoints, clock.port);
  expect(await endpoints.madeUnder(project, 'other')).toBeNull();
  expect(clock.waits).toBe(0);
  clock.nowMs += 300;
  expect(await endpoints.madeUnder(project, 'k')).toEqual(known);
  expect(clock.nowMs).toBe(madeAtMs + 1_200);
  await endpoints.madeUnder(project, 'k');
  expect(clock.nowMs).toBe(madeAtMs + 1_200);
});
