import { describe, expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const chain: DefinitionBody = {
  steps: [
    { id: 'a', uses: 'data.compose' },
    { id: 'b', uses: 'data.compose', needs: ['a'] },
  ],
};

/** A job whose state is not what the engine expects: `decide` throws. */
function spoil(driver: ShardDriver, jobId: JobId): void {
  const spoiled = "json_set(json_remove(state, '$.steps.b'), '$.active', NULL)";
  driver.db.port().exec(`UPDATE jobs SET state = ${spoiled} WHERE job_id = ?`, jobId);
  // An instance that has just read the row would not see it.
  driver.restart();
}

function expectInternalFailure(driver: ShardDriver, jobId: JobId): void {
  expect(driver.state(jobId)).toMatchObject({ status: 'failed', reason: { code: 'internal' } });
  expect(driver.events(jobId).at(-1)).toMatchObject({
    type: 'job.failed',
    data: { code: 'internal' },
  });
  expect(driver.logs).toContainEqual({ level: 'error', event: 'shard.job_quarantined' });
  const seqs = driver.events(jobId).map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.map((_, index) => index + 1));
}

describe('a job that makes the engine throw', () => {
  test('fails as our own fault, in a runner’s call', async () => {
    const driver = new ShardDriver();
    const [bad, good] = [driver.create(chain), driver.create(chain)];
    spoil(driver, bad);
    expect(driver.next(bad)).toMatchObject({ job: 'gone', work: [] });
    expectInternalFailure(driver, bad);
    expect(driver.finish(good).status).toBe('succeeded');
    await driver.settleHistory();
    expect(driver.recorded.get(bad)?.job).toMatchObject({
      status: 'failed',
      reason_code: 'internal',
    });
  });

  test('fails in a cancel', () => {
    const driver = new ShardDriver();
    const bad = driver.create(chain);
    driver.claim(bad);
    spoil(driver, bad);
    expect(driver.shard.cancel({ jobId: bad, by: 'key_1' })).toEqual({ kind: 'gone' });
    expectInternalFailure(driver, bad);
  });

  test('fails in the alarm, and its neighbours are attended', async () => {
    const driver = new ShardDriver();
    const timeouts = { queue: '10s' } as const;
    const before = driver.create({ ...chain, timeouts });
    const bad = driver.create({ ...chain, timeouts });
    const after = driver.create({ ...chain, timeouts });
    spoil(driver, bad);
    await driver.pass(10_000);
    expect(driver.state(before).status).toBe('expired');
    expectInternalFailure(driver, bad);
    expect(driver.state(after).status).toBe('expired');
  });

  test('is erased in its time like any other', async () => {
    const driver = new ShardDriver();
    const bad = driver.create({ ...chain, retention: { payloads: '1d', history: '1d' } });
    spoil(driver, bad);
    driver.next(bad);
    await driver.settleHistory();
    await driver.pass(25 * 3_600_000);
    expect(driver.db.count('jobs')).toBe(0);
  });
});

function withoutDefinition(driver: ShardDriver): void {
  driver.db.port().exec('DELETE FROM definitions');
  driver.restart();
}

describe('a job whose definition cannot be used', () => {
  test('fails as our own fault', async () => {
    const driver = new ShardDriver();
    const bad = driver.create(chain);
    withoutDefinition(driver);
    expect(driver.next(bad).job).toBe('gone');
    expect(driver.db.rows("SELECT state ->> '$.status' AS status FROM jobs")).toEqual([
      { status: 'failed' },
    ]);
    await driver.settleHistory();
    expect(driver.recorded.get(bad)?.job.status).toBe('failed');
  });

  test('and is over already: its history is sent, it is erased in its time, and the alarm rests', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create({ ...chain, retention: { payloads: '1d', history: '1d' } });
    driver.finish(jobId);
    withoutDefinition(driver);
    await driver.pass(60_000);
    expect(driver.alarmsFired).toBeLessThan(10);
    driver.deliverHistory();
    await driver.pass(25 * 3_600_000);
    expect(driver.db.count('jobs')).toBe(0);
  });
});

test('a defect that shows only after the commit does not undo it', () => {
  const driver = new ShardDriver();
  const jobId = driver.create({
    steps: [
      { id: 'a', uses: 'data.compose' },
      { id: 'b', uses: 'data.compose', with: { x: '${{ steps.a.output }}' } },
    ],
  });
  driver.claim(jobId);
  driver.db.beforeExec = (query) => {
    if (query.includes('FROM payloads')) throw new Error('the answer cannot be made');
  };
  const settled = [driver.succeeded(jobId, 'a#1', { text: 'x'.repeat(20_000) })];
  expect(driver.next(jobId, { settled }).job).toBe('gone');
  driver.db.beforeExec = () => {};
  expectInternalFailure(driver, jobId);
  expect(driver.state(jobId).steps['a']?.phase.status).toBe('succeeded');
  expect(driver.events(jobId).map(({ type }) => type)).toContain('attempt.succeeded');
});
