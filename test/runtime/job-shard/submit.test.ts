import { describe, expect, test } from 'vitest';

import type { DefinitionBody } from '../../support/engine-driver.ts';
import { PROJECT, sha256, ShardDriver } from '../../support/shard-driver.ts';

const one: DefinitionBody = { steps: [{ id: 'a', uses: 'data.compose' }] };

describe('a submit', () => {
  test('creates a job, tells the queue of its work, and arms the alarm', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(one, { input: { n: 1 } });
    await driver.quiet();
    expect(driver.state(jobId).status).toBe('queued');
    expect(driver.wakes).toEqual([{ kind: 'wake', project: PROJECT, job_id: jobId }]);
    expect(driver.alarmAtMs).toBe(driver.nowMs + 5_000);
    expect(driver.snapshot(jobId)).toMatchObject({
      payloads: { input: { kind: 'value', value: { n: 1 } } },
      waitingOn: { kind: 'runner' },
    });
  });

  test('that came once is found again by its job id', () => {
    const driver = new ShardDriver();
    const request = driver.request(one);
    expect(driver.shard.submit(request).kind).toBe('created');
    driver.claim(request.birth.id);
    const rows = driver.db.rowsWritten;
    const again = driver.shard.submit(request);
    expect(again).toMatchObject({ kind: 'created', snapshot: { state: { status: 'running' } } });
    expect(driver.db.rowsWritten).toBe(rows);
    expect(driver.db.count('jobs')).toBe(1);
  });

  test('that wants work at once and is repeated gets the same work again', async () => {
    const driver = new ShardDriver();
    const request = driver.request(one, { turn: { requestId: 'r1' } });
    const first = driver.shard.submit(request);
    const second = driver.shard.submit(request);
    if (first.kind !== 'created' || second.kind !== 'created') throw new Error('not created');
    expect(first.turn?.work.map(({ key }) => key)).toEqual(['a#1']);
    expect(second.turn?.work).toEqual(first.turn?.work);
    await driver.quiet();
    expect(driver.wakes).toEqual([]);
  });
});

describe('under an idempotency key', () => {
  test('a job is created once; the key itself is stored nowhere', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(one, { key: 'order-1', input: { n: 1 } });
    const again = driver.submit(one, { key: 'order-1', input: { n: 1 } });
    expect(again).toMatchObject({
      kind: 'replayed',
      snapshot: { state: { birth: { id: jobId } } },
    });
    expect(driver.shard.findKey(sha256('order-1'))?.jobId).toBe(jobId);
    expect(driver.db.count('jobs')).toBe(1);
    expect(JSON.stringify(driver.db.rows('SELECT * FROM keys'))).not.toContain('order-1');
  });

  test('another body is refused, and the job is named', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(one, { key: 'k', bodyHash: 'first' });
    expect(driver.submit(one, { key: 'k', bodyHash: 'second' })).toEqual({
      kind: 'key_conflict',
      jobId,
    });
    expect(driver.db.count('jobs')).toBe(1);
  });

  test('a job that is over is found too, in every state it may end in', () => {
    const driver = new ShardDriver();
    const done = driver.create(one, { key: 'k1' });
    driver.finish(done);
    const cancelled = driver.create(one, { key: 'k2' });
    driver.shard.cancel({ jobId: cancelled, by: 'key_1' });
    expect(driver.submit(one, { key: 'k1' })).toMatchObject({
      kind: 'replayed',
      snapshot: { state: { status: 'succeeded', birth: { id: done } } },
    });
    expect(driver.submit(one, { key: 'k2' })).toMatchObject({
      kind: 'replayed',
      snapshot: { state: { status: 'cancelled', birth: { id: cancelled } } },
    });
  });

  test('the key is written with the job or not at all', () => {
    const driver = new ShardDriver();
    driver.db.beforeExec = (query) => {
      if (query.includes('INSERT INTO jobs')) throw new Error('the disk is full');
    };
    expect(() => driver.submit(one, { key: 'k' })).toThrow('the disk is full');
    driver.db.beforeExec = () => {};
    expect(driver.shard.findKey(sha256('k'))).toBeNull();
    expect(driver.db.count('payloads')).toBe(0);
    expect(driver.submit(one, { key: 'k' }).kind).toBe('created');
  });

  test('survives a restart', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(one, { key: 'k' });
    driver.restart();
    expect(driver.submit(one, { key: 'k' })).toMatchObject({
      kind: 'replayed',
      snapshot: { state: { birth: { id: jobId } } },
    });
  });
});

describe('a shard that is nearly full', () => {
  test('takes no new jobs, finds the old ones, and lets them end', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(one, { key: 'k' });
    driver.db.pretendedBytes = 7.1 * 1024 ** 3;
    expect(driver.submit(one)).toEqual({ kind: 'full', retryAfterMs: 60_000 });
    expect(driver.logs).toContainEqual({ level: 'error', event: 'shard.full' });
    expect(driver.submit(one, { key: 'k' }).kind).toBe('replayed');
    expect(driver.finish(jobId).status).toBe('succeeded');
    driver.db.pretendedBytes = null;
    expect(driver.submit(one).kind).toBe('created');
  });
});
