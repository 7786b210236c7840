import { describe, expect, test } from 'vitest';

import type { CacheDefinition, CacheOverride } from '../../../src/domain/cache.ts';
import type { JobId } from '../../../src/domain/ids.ts';
import type { CacheKey } from '../../../src/services/ports/values/result-cache.ts';
import type { TargetGates } from '../../../src/services/ports/targets/target-gates.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { PROJECT } from '../../support/shard-driver.ts';
import { World, type Answer } from '../../support/shard-world.ts';
import { MemoryCaches } from './memory-caches.ts';

const HOUR = 3_600_000;
const both: CacheDefinition = { mode: 'read_write' };
const shared: CacheDefinition = { mode: 'read_write', single_flight: true };

type StepBody = Partial<DefinitionBody['steps'][number]>;

function asking(cache: CacheDefinition, step: StepBody = {}): DefinitionBody {
  return {
    steps: [
      {
        id: 'a',
        uses: 'model.chat',
        route: { targets: [{ provider: 'openai', model: 'm' }] },
        with: { messages: [{ role: 'user', content: '${{ input }}' }] },
        retry: { max_attempts: 1 },
        cache,
        ...step,
      },
    ],
    output: '${{ steps.a.output.text }}',
    retention: { payloads: '2h', history: '10d' },
  };
}

const spent = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };

function saying(content: string): Answer {
  return () =>
    Response.json({
      id: 'c',
      model: 'm-1',
      choices: [{ message: { role: 'assistant', content }, finish_reason: 'stop' }],
      usage: spent,
    });
}

function cached(): { readonly world: World; readonly caches: MemoryCaches } {
  const world = new World();
  const caches = new MemoryCaches(world.driver.machine());
  world.shared = { caches };
  world.answers = [saying('one'), saying('two'), saying('three')];
  return { world, caches };
}

function submit(world: World, body: DefinitionBody, input = 'Hi', override?: CacheOverride): JobId {
  const request = world.driver.request(body, { input });
  const birth = { ...request.birth, ...(override === undefined ? {} : { cache: override }) };
  world.driver.shard.submit({ ...request, birth });
  return request.birth.id;
}

async function run(world: World, body: DefinitionBody, input?: string, override?: CacheOverride) {
  const jobId = submit(world, body, input, override);
  await world.run(jobId);
  return world.view(jobId);
}

/** A step whose answer has an `x` of at most so much. */
function bounded(x: number): DefinitionBody {
  return asking(both, { check: { schema: { properties: { x: { maximum: x } } } } });
}

describe('a job with a cached step', () => {
  test('takes over what another one left, and its events say what that saved', async () => {
    const { world } = cached();
    await run(world, asking(both));
    world.driver.nowMs += 1_000;
    const hit = await run(world, asking(both));
    expect(hit).toMatchObject({ status: 'succeeded', output: 'one' });
    expect(hit.cost).toMatchObject({ nano_usd: 0, unpriced_attempts: 0 });
    expect(world.calls).toHaveLength(1);
    const { id } = world.driver.snapshot(hit.id as JobId).state.birth;
    const events = world.driver.events(id);
    const types = events.map(({ type }) => type);
    expect(types.slice(types.indexOf('cache.hit'))).toEqual([
      'cache.hit',
      'attempt.succeeded',
      'step.succeeded',
      'job.succeeded',
    ]);
    // The model has no price here, so nobody knows what was saved.
    expect(events.find(({ type }) => type === 'cache.hit')?.data).toEqual({
      savedNanoUsd: null,
      createdAtMs: world.driver.nowMs - 1_000,
    });
    expect(hit.steps[0]?.attempts[0]).toMatchObject({
      cache_hit: true,
      saved_nano_usd: null,
      returned_model: 'm-1',
      finish_reason: 'stop',
    });
    expect(hit.steps[0]?.attempts[0]?.usage).toBeUndefined();
  });

  test('has a value of its own of a large output too', async () => {
    const { world } = cached();
    world.answers = [saying('x'.repeat(300_000))];
    const first = await run(world, asking(both));
    const second = await run(world, asking(both));
    expect(second.output).toBe(first.output);
    expect(world.calls).toHaveLength(1);
    expect([...world.driver.objects.keys()].some((key) => key.includes(second.id))).toBe(true);
  });

  test.each([
    ['read_only', ['one', 'two']],
    ['refresh', ['one', 'two']],
    ['off', ['one', 'two']],
    ['read_write', ['one', 'one']],
  ] as const)('does what %s says', async (mode, outputs) => {
    const { world } = cached();
    const runs = [await run(world, asking({ mode })), await run(world, asking({ mode }))];
    expect(runs.map(({ output }) => output)).toEqual(outputs);
    // What each of them has left: the second result of `refresh`, nothing of the others.
    const reader = await run(world, asking({ mode: 'read_only' }));
    const left = { read_only: 'three', refresh: 'two', off: 'three', read_write: 'one' };
    expect(reader.output).toBe(left[mode]);
  });

  test.each([
    ['bypass', ['one', 'two', 'one']],
    ['refresh', ['one', 'two', 'two']],
  ] as const)('does what its submitter says: %s', async (override, outputs) => {
    const { world } = cached();
    const runs = [
      await run(world, asking(both)),
      await run(world, asking(both), 'Hi', override),
      await run(world, asking(both)),
    ];
    expect(runs.map(({ output }) => output)).toEqual(outputs);
  });

  test('takes over nothing older than its `ttl`', async () => {
    const { world } = cached();
    await run(world, asking({ ...both, ttl: '1h' }));
    world.driver.nowMs += HOUR / 2;
    expect((await run(world, asking({ mode: 'read_only', ttl: '29m' }))).output).toBe('two');
    expect((await run(world, asking({ mode: 'read_only', ttl: '30d' }))).output).toBe('one');
    world.driver.nowMs += HOUR / 2;
    expect((await run(world, asking({ mode: 'read_only', ttl: '30d' }))).output).toBe('three');
  });

  test('leaves nothing that fails its check, and takes over nothing that was held against another', async () => {
    const { world } = cached();
    world.answers = [saying('{"x":8}'), saying('{"x":9}'), saying('{"x":3}'), saying('{"x":4}')];
    expect((await run(world, bounded(7))).status).toBe('failed');
    expect((await run(world, bounded(7))).status).toBe('failed');
    expect((await run(world, bounded(7))).output).toBe('{"x":3}');
    expect((await run(world, bounded(7))).output).toBe('{"x":3}');
    expect((await run(world, bounded(8))).output).toBe('{"x":4}');
  });

  test('loses what it has left when its payloads go, and nobody brings it back', async () => {
    const { world, caches } = cached();
    const body = asking({ ...both, ttl: '30d' });
    const first = await run(world, body);
    await world.driver.settleHistory();
    await world.driver.pass(4 * HOUR);
    expect(world.driver.snapshot(first.id as JobId).payloadsErased).toBe(true);
    expect(caches.db.count('entries')).toBe(1);
    // A runner that was held up tells of the result only now.
    const [row] = caches.db.rows('SELECT key, sha256 FROM entries');
    const entry = {
      jobId: first.id as JobId,
      step: 'a',
      item: null,
      sha256: String(row?.['sha256']),
      costNanoUsd: 1,
    };
    const key = String(row?.['key']) as CacheKey;
    await caches.of(PROJECT, key).put({ key, entry, ttlMs: HOUR, asker: null });
    expect((await run(world, body)).output).toBe('two');
    expect((await run(world, body)).output).toBe('two');
    expect(world.calls).toHaveLength(2);
  });

  test('goes on as if there were none when the cache, or the job that paid, does not answer', async () => {
    const { world, caches } = cached();
    caches.isDown = true;
    expect((await run(world, asking(shared))).output).toBe('one');
    caches.isDown = false;
    expect((await run(world, asking(both))).output).toBe('two');
    const jobId = submit(world, asking(both));
    const silent = { readOutput: () => Promise.reject(new Error('away')) };
    await world.run(jobId, {}, {}, silent);
    expect((await world.view(jobId)).output).toBe('three');
  });

  test('takes over while its target may not be called', async () => {
    const { world, caches } = cached();
    await run(world, asking(shared));
    const untilAtMs = world.driver.nowMs + 5_000;
    const gates: TargetGates = {
      admit: async () => ({ admitted: false, reason: 'circuit_open', untilAtMs }),
      settle: async () => {},
      renew: async () => {},
      report: async () => {},
      catchUp: async () => {},
      measures: () => [],
    };
    world.shared = { caches, gates };
    expect(await run(world, asking(shared))).toMatchObject({ status: 'succeeded', output: 'one' });
    expect((await run(world, asking(shared), 'Another')).terminal).toBe(false);
    expect(world.calls).toHaveLength(1);
    // Who was not let through leads nobody.
    expect(caches.db.count('flights')).toBe(0);
  });

  test('takes over items of a map, each by itself', async () => {
    const { world } = cached();
    const body: DefinitionBody = {
      ...asking(both, {
        for_each: '${{ ["x", "y"] }}',
        with: { messages: [{ role: 'user', content: '${{ item }}' }] },
      }),
      output: '${{ steps.a.output.map(a, a.text) }}',
    };
    world.answers = [saying('one'), saying('two')];
    const first = await run(world, body);
    const second = await run(world, body);
    expect(second.output).toEqual(first.output);
    expect(world.calls).toHaveLength(2);
  });
});

/** Answers of the provider that come when the test says so. */
function held(world: World) {
  const open: ((response: Response) => void)[] = [];
  world.answers = [() => new Promise<Response>((resolve) => open.push(resolve))];
  return open;
}

async function answered(open: ((response: Response) => void)[], answer: Answer) {
  const response = await answer({ body: null, signal: new AbortController().signal, key: null });
  open.shift()?.(response);
}

describe('identical calls at the same time', () => {
  test('become one, and who waits holds no connection', async () => {
    const { world } = cached();
    const open = held(world);
    const jobs = Array.from({ length: 9 }, () => submit(world, asking(shared)));
    const runs = jobs.map((jobId) => world.run(jobId));
    await world.driver.quiet();
    expect(world.calls).toHaveLength(1);
    // Six connections: the leader's, and all the others free.
    expect(world.slots.take(9)).toBe(5);
    world.slots.give(5);
    await answered(open, saying('once'));
    await Promise.all(runs);
    const views = await Promise.all(jobs.map((jobId) => world.view(jobId)));
    expect(views.map(({ output }) => output)).toEqual(Array(9).fill('once'));
    expect(world.calls).toHaveLength(1);
    expect(world.slots.take(9)).toBe(6);
  });

  test('are led by the next one when the first fails', async () => {
    const { world } = cached();
    const open = held(world);
    const jobs = Array.from({ length: 3 }, () => submit(world, asking(shared)));
    const runs = jobs.map((jobId) => world.run(jobId));
    await world.driver.quiet();
    await answered(open, () => new Response('{}', { status: 400 }));
    await world.driver.quiet();
    expect(world.calls).toHaveLength(2);
    await answered(open, saying('second'));
    await Promise.all(runs);
    const views = await Promise.all(jobs.map((jobId) => world.view(jobId)));
    expect(views.map(({ status }) => status)).toEqual(['failed', 'succeeded', 'succeeded']);
    expect(world.slots.take(9)).toBe(6);
  });

  test('are led by the next one when nobody hears of the first any more', async () => {
    const { world, caches } = cached();
    await run(world, asking({ ...both, ttl: '1s' }));
    world.driver.nowMs += 2_000;
    const key = String(caches.db.rows('SELECT key FROM entries')[0]?.['key']) as CacheKey;
    const flight = { asker: 'dead', forMs: 30_000, waitMs: 0 };
    const dead = caches.of(PROJECT, key);
    expect(await dead.find({ key, maxAgeMs: 1_000, gone: null, flight })).toMatchObject({
      leads: true,
    });
    const jobId = submit(world, asking({ ...shared, ttl: '1s' }));
    const waiting = world.run(jobId);
    await world.driver.pass(29_000);
    expect(world.calls).toHaveLength(1);
    await world.driver.pass(1_000);
    await waiting;
    expect((await world.view(jobId)).output).toBe('two');
  });

  test('leave who waits too long to try again', async () => {
    const { world } = cached();
    held(world);
    const [leader, follower] = [submit(world, asking(shared)), submit(world, asking(shared))];
    void world.run(leader);
    await world.driver.quiet();
    const waiting = world.run(follower, {}, {});
    await world.driver.pass(61_000);
    await waiting;
    expect((await world.view(follower)).steps[0]?.attempts[0]).toMatchObject({
      outcome: 'failed',
      failure: { class: 'timeout', phase: 'not_sent', code: 'single_flight' },
      cost_nano_usd: 0,
    });
    expect(world.calls).toHaveLength(1);
  });
});
