import { describe, expect, test } from 'vitest';

import { jobIdOf } from '../../../src/domain/ids.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { JobId } from '../../../src/domain/ids.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const NOBODY = jobIdOf('01900000-0000-7000-8000-000000000099', 7);

const gate: DefinitionBody = {
  steps: [
    {
      id: 'w',
      uses: 'wait',
      with: { event: 'approved' },
      check: { schema: { type: 'object', required: ['ok'] } },
    },
    {
      id: 'a',
      uses: 'data.compose',
      if: '${{ steps.w.output.ok }}',
      with: { value: '${{ steps.w.output }}' },
    },
  ],
  output: { said: '${{ steps.w.output.note }}', done: '${{ steps.a.output }}' },
};
const two: DefinitionBody = {
  steps: [
    { id: 'a', uses: 'data.compose' },
    { id: 'b', uses: 'data.compose', needs: ['a'] },
  ],
};

function send(driver: ShardDriver, jobId: JobId, name: string, payload: Json) {
  return driver.shard.receiveEvent({ jobId, name, payload, sha256: 'hash', by: 'key_1' });
}

describe('an event', () => {
  test('becomes the output of the step that waits, in one commit, and survives a restart', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(gate);
    const rows = driver.db.rowsWritten;
    const answer = send(driver, jobId, 'approved', { ok: true, note: 'fine' });
    expect(answer).toMatchObject({ kind: 'done', snapshot: { state: { status: 'running' } } });
    expect(driver.db.rowsWritten - rows).toBe(1);
    driver.restart();
    const { work } = driver.next(jobId);
    expect(work).toMatchObject([
      { key: 'a#1', reads: [{ kind: 'value', value: { ok: true, note: 'fine' } }] },
    ]);
    driver.succeed(jobId, 'a#1', 1);
    expect(driver.snapshot(jobId).outputReads).toMatchObject([{ value: 1 }, { value: 'fine' }]);
  });

  test('calls a runner for what it opens', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(gate);
    await driver.quiet();
    expect(driver.wakes).toEqual([]);
    send(driver, jobId, 'approved', { ok: true });
    await driver.quiet();
    expect(driver.wakes).toHaveLength(1);
  });

  test('that nobody waits for changes nothing and says what is waited for', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(gate);
    const { seq } = driver.state(jobId);
    expect(send(driver, jobId, 'other', {})).toEqual({
      kind: 'not_waiting',
      status: 'waiting',
      names: ['approved'],
    });
    expect(driver.state(jobId).seq).toBe(seq);
    expect(send(driver, NOBODY, 'approved', {})).toEqual({ kind: 'gone' });
  });

  test('twice is taken once', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(gate);
    send(driver, jobId, 'approved', { ok: true });
    expect(send(driver, jobId, 'approved', { ok: false })).toMatchObject({ kind: 'not_waiting' });
  });

  test('that fails the step’s check is refused, and the step goes on waiting', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(gate);
    expect(send(driver, jobId, 'approved', { note: 'no' })).toMatchObject({
      kind: 'unfit',
      step: 'w',
      failure: { violations: [{ code: 'required' }] },
    });
    expect(driver.state(jobId).status).toBe('waiting');
  });

  test('too large for the expression that reads it is refused', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(gate);
    const answer = send(driver, jobId, 'approved', { ok: 'x'.repeat(20_000) });
    expect(answer).toMatchObject({ kind: 'unfit', failure: { class: 'value_too_large' } });
  });
});

test('a timer fires by the alarm, also in an object that was put away', async () => {
  const driver = new ShardDriver();
  driver.coldAlarms = true;
  const jobId = driver.create({
    steps: [
      { id: 'w', uses: 'wait', with: { duration: '10m' } },
      { id: 'a', uses: 'data.compose', needs: ['w'] },
    ],
  });
  await driver.pass(599_999);
  expect(driver.state(jobId).status).toBe('waiting');
  await driver.pass(2);
  expect(driver.state(jobId).status).toBe('running');
  expect(driver.wakes.length).toBeGreaterThan(0);
  driver.finish(jobId);
  expect(driver.state(jobId).status).toBe('succeeded');
});

describe('a pause', () => {
  test('hands out nothing and calls nobody until the job is resumed', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two);
    driver.claim(jobId);
    expect(driver.shard.pause({ jobId, by: 'key_1' })).toMatchObject({ kind: 'done' });
    expect(driver.shard.pause({ jobId, by: 'key_1' })).toMatchObject({ kind: 'done' });
    driver.succeed(jobId, 'a#1');
    await driver.quiet();
    driver.wakes = [];
    await driver.pass(300_000);
    expect(driver.wakes).toEqual([]);
    expect(driver.claim(jobId)).toEqual([]);
    expect(driver.shard.resume({ jobId, by: 'key_2' })).toMatchObject({ kind: 'done' });
    await driver.quiet();
    expect(driver.wakes).toHaveLength(1);
    expect(driver.claim(jobId)).toEqual(['b#1']);
    expect(driver.events(jobId).filter(({ type }) => type === 'job.paused')).toHaveLength(1);
  });

  test('and a resume that do not fit are refused and change nothing', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two);
    expect(driver.shard.resume({ jobId, by: 'key_1' })).toEqual({
      kind: 'refused',
      status: 'queued',
    });
    driver.finish(jobId);
    const { seq } = driver.state(jobId);
    expect(driver.shard.pause({ jobId, by: 'key_1' })).toEqual({
      kind: 'refused',
      status: 'succeeded',
    });
    expect(driver.state(jobId).seq).toBe(seq);
    expect(driver.shard.pause({ jobId: NOBODY, by: 'key_1' })).toEqual({ kind: 'gone' });
  });
});
