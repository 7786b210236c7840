import { expect, test } from 'vitest';

import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const three: DefinitionBody = {
  steps: [
    { id: 'a', uses: 'data.compose', with: { x: '${{ input.x }}' } },
    { id: 'b', uses: 'data.compose', with: { x: '${{ steps.a.output }}' } },
    { id: 'c', uses: 'data.compose', with: { x: '${{ steps.b.output }}' } },
  ],
  output: '${{ steps.c.output }}',
  retention: { payloads: '1h', history: '2h' },
};

const HOUR = 3_600_000;

/** Rows written, index entries included, by each hop of a job from its submit to its erasure. */
test('a hop of a three-step job writes one row; its index entry moves at its beginning and end only', async () => {
  const driver = new ShardDriver();
  driver.finish(driver.create(three));
  await driver.settleHistory();
  await driver.pass(3 * HOUR);
  expect(driver.db.count('jobs')).toBe(0);
  const rows: Record<string, number> = {};
  const counted = async <Result>(
    name: string,
    work: () => Result | Promise<Result>,
  ): Promise<Result> => {
    const before = driver.db.rowsWritten;
    const result = await work();
    rows[name] = driver.db.rowsWritten - before;
    return result;
  };
  const alarms = driver.alarmsSet;
  const jobId = await counted('submit', () => driver.create(three, { input: { x: 1 }, key: 'k' }));
  await counted('claim a', () => driver.claim(jobId, { hinted: true }));
  for (const [step, following] of [
    ['a', 'b'],
    ['b', 'c'],
  ] as const) {
    const settled = [driver.succeeded(jobId, `${step}#1`, { x: 1 })];
    await counted(`settle ${step}, claim ${following}`, () => driver.next(jobId, { settled }));
  }
  await counted('settle c', () => driver.succeed(jobId, 'c#1', { x: 1 }));
  await counted('send history', () => driver.pass(200));
  await counted('confirm', () => driver.deliverHistory());
  const untilErased = driver.alarmsSet - alarms;
  // What is kept for an hour goes at most two and a half minutes later.
  await counted('erase payloads', () => driver.pass(HOUR + 150_000));
  await counted('erase the rest', () => driver.pass(HOUR + 150_000));
  expect(driver.db.count('jobs', jobId)).toBe(0);
  expect({ ...rows, alarms: untilErased }).toEqual({
    submit: 3,
    'claim a': 1,
    'settle a, claim b': 1,
    'settle b, claim c': 1,
    'settle c': 1,
    'send history': 0,
    confirm: 2,
    'erase payloads': 2,
    'erase the rest': 3,
    alarms: 1,
  });
});

test('a submitter that runs the job itself saves the claim', () => {
  const driver = new ShardDriver();
  driver.create(three);
  const before = driver.db.rowsWritten;
  const jobId = driver.create(three, { turn: {} });
  for (const step of ['a', 'b', 'c']) {
    driver.next(jobId, { settled: [driver.succeeded(jobId, `${step}#1`)] });
  }
  expect(driver.isOver(jobId)).toBe(true);
  expect(driver.db.rowsWritten - before).toBe(5);
});

test('a call that changes nothing writes nothing', () => {
  const driver = new ShardDriver();
  const jobId = driver.create(three);
  driver.claim(jobId, { hinted: true });
  const before = driver.db.rowsWritten;
  driver.next(jobId, { hinted: true });
  driver.shard.renew({ jobId, keys: ['a#1'] });
  driver.snapshot(jobId);
  driver.events(jobId);
  driver.finish(jobId);
  driver.shard.ensureAlarm();
  expect(driver.db.rowsWritten).toBe(before);
  driver.succeed(jobId, 'a#1');
  driver.finish(jobId);
  const over = driver.db.rowsWritten;
  driver.next(jobId, { hinted: true });
  driver.succeed(jobId, 'c#1');
  driver.shard.cancel({ jobId, by: 'key_1' });
  expect(driver.db.rowsWritten).toBe(over);
});
