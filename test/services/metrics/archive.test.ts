import { expect, test } from 'vitest';

import { DAY_MS } from '../../../src/services/metrics/facts/fact.ts';
import { DAY, metricsWorld, settle, type World } from './metrics-world.ts';

const OF_TODAY = { kind: 'occurrence', seq: 1, at: DAY, step: 'ask', what: 'hedged' };
const LATER_FIELD = { ...OF_TODAY, seq: 2, at: DAY + 1, mood: 'calm' };
const LATER_KIND = { kind: 'weather', seq: 3, at: DAY + 2, wind: 4 };

async function bring(its: World, batch: string, facts: readonly object[]): Promise<void> {
  const body = [{ job: 'job_1', pipeline: 'digest', version: 1, facts }];
  const row = ['prj_a', DAY, batch, JSON.stringify(body)];
  its.d1.rows('INSERT INTO metric_facts VALUES (?, ?, ?, ?)', ...row);
  its.d1.rows(`INSERT INTO metric_marks VALUES ('minute', ?, 'prj_a') ON CONFLICT DO NOTHING`, DAY);
  await settle(its, DAY + 3 * DAY_MS);
}

test('what a later release has written is archived as it is, and stays when more comes', async () => {
  const its = metricsWorld();
  await bring(its, 'one', [LATER_KIND, OF_TODAY]);
  await bring(its, 'two', [LATER_FIELD, OF_TODAY]);
  const lines = [...its.bucket.objects.values()].flatMap(({ body }) => body.trim().split('\n'));
  const about = { project: 'prj_a', job: 'job_1', pipeline: 'digest', version: 1 };
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual(
    [OF_TODAY, LATER_FIELD, LATER_KIND].map((fact) => ({ ...about, ...fact })),
  );
  expect(its.d1.rows('SELECT * FROM metric_facts')).toEqual([]);
});

/** The end of a job, with a tag that is as long as a busy day's facts. */
function endedJob(index: number): object {
  const job = `job_${String(index).padStart(5, '0')}`;
  const ended = { kind: 'job', seq: 2, at: DAY + index, status: 'succeeded' };
  const facts = [{ ...ended, latency_ms: 1_000 + index, queue_ms: 7 }];
  return { job, pipeline: 'digest', version: 1, tags: ['t'.repeat(600)], facts };
}

test('of a minute with very many facts there are several objects, each fact in one of them', async () => {
  const its = metricsWorld();
  const jobs = Array.from({ length: 10_000 }, (_, index) => endedJob(index));
  const bringAll = async (batch: string, some: readonly object[]): Promise<void> => {
    for (let first = 0; first < some.length; first += 500) {
      const row = ['prj_a', DAY, `${batch}_${first}`];
      const body = JSON.stringify(some.slice(first, first + 500));
      its.d1.rows('INSERT INTO metric_facts VALUES (?, ?, ?, ?)', ...row, body);
    }
    its.d1.rows(`INSERT INTO metric_marks VALUES ('minute', ?, 'prj_a')`, DAY);
    await settle(its, DAY + 3 * DAY_MS);
  };
  await bringAll('first', jobs.slice(0, 9_000));
  // Some again, in another order, with some that are new.
  await bringAll('again', jobs.slice(8_000).toReversed());
  const objects = [...its.bucket.objects.entries()];
  expect(objects.length).toBeGreaterThan(2);
  expect(objects.map(([key]) => key.split('/').at(-1))).toEqual(
    objects.map((_, index) => (index === 0 ? '0000.ndjson' : `0000-${index + 1}.ndjson`)),
  );
  for (const [, { body }] of objects) expect(body.length).toBeLessThan(4_000_000);
  const lines = objects.flatMap(([, { body }]) => body.trim().split('\n'));
  const names = new Set(lines.map((line) => (JSON.parse(line) as { job: string }).job));
  expect([lines.length, names.size]).toEqual([10_000, 10_000]);

  const stored = () => its.d1.rows('SELECT * FROM metric_rollups');
  const before = stored();
  expect(before).toMatchObject([{ sources: 10_000 }, { sources: 10_000 }]);
  its.d1.rows(`UPDATE metric_rollups SET sources = 0, body = '{}'`);
  await its.store.mark({ fromMs: DAY, toMs: DAY + DAY_MS }, 10);
  await settle(its, DAY + 3 * DAY_MS);
  expect(stored()).toEqual(before);
});
