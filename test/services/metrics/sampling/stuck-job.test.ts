import { expect, test } from 'vitest';

import { writeHistory } from '../../../../src/runtime/d1/history/write-history.ts';
import { makeSampleStore } from '../../../../src/runtime/metrics/sample-store.ts';
import { minuteOf } from '../../../../src/services/metrics/facts/fact.ts';
import type { DefinitionBody } from '../../../support/engine-driver.ts';
import { PROJECT, ShardDriver } from '../../../support/shard-driver.ts';
import { NodeD1 } from '../../../support/node-d1.ts';

const two: DefinitionBody = {
  steps: [
    { id: 'a', uses: 'data.compose', with: { x: '${{ input.x }}' } },
    { id: 'b', uses: 'data.compose', with: { x: '${{ steps.a.output }}' } },
  ],
  timeouts: { job: '10h' },
};

/** A shard, and a database to which its history comes. */
function stuckWorld() {
  const driver = new ShardDriver();
  const d1 = new NodeD1();
  d1.rows('INSERT INTO projects (id, name, created_at) VALUES (?, ?, 0)', PROJECT, 'test');
  return {
    driver,
    pass: async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 1_000) {
        await driver.pass(1_000);
        for (const { project, shard, entries } of driver.history) {
          const owned = entries.map((entry) => ({ project, shard, entry }));
          await writeHistory(d1.binding(), owned);
        }
        driver.deliverHistory();
      }
    },
    waiting: () => makeSampleStore(d1.binding()).waiting(minuteOf(driver.nowMs), 10),
  };
}

test.each([
  ['whose every hint is lost before its first run', false],
  ['whose shard forgot it, too', true],
])('a job %s waits for a runner in samples, for as long as it does', async (_which, forgets) => {
  const { driver, pass, waiting } = stuckWorld();
  const jobId = driver.create(two);
  const createdAtMs = driver.nowMs;
  await pass(3_000);
  expect(await waiting()).toEqual([]);
  if (forgets) driver.restart();
  await pass(57_000);
  const [seen, ...none] = await waiting();
  expect(none).toEqual([]);
  expect(seen).toMatchObject({ project: PROJECT, jobs: 1 });
  expect(Math.abs((seen?.oldestSinceMs ?? 0) - createdAtMs)).toBeLessThan(1_000);
  driver.claim(jobId, { hinted: true });
  await pass(10_000);
  expect(await waiting()).toEqual([]);
});
