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
