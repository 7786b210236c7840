import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';

import { jobIdOf, projectId } from '../../src/domain/ids.ts';
import { makeResultCaches } from '../../src/runtime/result-cache/result-cache-client.ts';
import type { CacheKey, FindRequest } from '../../src/services/ports/values/result-cache.ts';

const HOUR = 3_600_000;
const entry = {
  jobId: jobIdOf('01a2047a-e526-73a5-916f-a83c960ee2ec', 3),
  step: 'ask',
  item: 2,
  sha256: 'ab',
  costNanoUsd: null,
};

function keyOf(name: string): CacheKey {
  return `a${name}` as CacheKey;
}

function cacheOf(project: string, key: CacheKey) {
  const cache = makeResultCaches(env.RESULT_CACHE).of(projectId(project), key);
  const request: FindRequest = { key, maxAgeMs: HOUR, gone: null, flight: null };
  return {
    ...cache,
    ask: (asker: string, waitMs = 10_000) =>
      cache.find({ ...request, flight: { asker, forMs: 30_000, waitMs } }),
    look: () => cache.find(request),
    keep: (asker: string | null = null) => cache.put({ key, entry, ttlMs: HOUR, asker }),
  };
}

describe('a cache in the runtime', () => {
  test('keeps what was put, for its own project alone, after its object was evicted too', async () => {
    const key = keyOf('kept');
    await cacheOf('prj_one', key).keep();
    await evictDurableObject(env.RESULT_CACHE.getByName('prj_one:a'));
    expect(await cacheOf('prj_one', key).look()).toMatchObject({ kind: 'found', entry });
    expect(await cacheOf('prj_two', key).look()).toEqual({ kind: 'absent', leads: false });
  });

  test('makes fifty askers wait for one', async () => {
    const cache = cacheOf('prj_one', keyOf('shared'));
    const asked = Array.from({ length: 50 }, async (_, index) => {
      const answer = await cache.ask(`job-${index}`);
      if (answer.kind === 'absent') await cache.keep(`job-${index}`);
      return answer.kind;
    });
    const kinds = await Promise.all(asked);
    expect(kinds.filter((kind) => kind === 'absent')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'found')).toHaveLength(49);
  });

  test('passes the lead on, and remembers it when its object was evicted', async () => {
    const key = keyOf('passed');
    const cache = cacheOf('prj_one', key);
    expect(await cache.ask('a')).toEqual({ kind: 'absent', leads: true });
    await evictDurableObject(env.RESULT_CACHE.getByName('prj_one:a'));
    expect(await cache.ask('b', 0)).toEqual({ kind: 'under_way' });
    const waiting = cache.ask('b');
    await cache.leave({ key, asker: 'a' });
    expect(await waiting).toEqual({ kind: 'absent', leads: true });
  });

  test('sweeps by its alarm, and leaves what has not expired', async () => {
    const cache = cacheOf('prj_three', keyOf('swept'));
    await cache.keep();
    const object = env.RESULT_CACHE.getByName('prj_three:a');
    expect(await runDurableObjectAlarm(object)).toBe(true);
    expect(await cache.look()).toMatchObject({ kind: 'found' });
    expect(await runDurableObjectAlarm(object)).toBe(true);
  });
});
