import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { JobEvent } from '../../../src/domain/job/event.ts';
import type { JobId } from '../../../src/domain/ids.ts';
import type { CostSum } from '../../../src/domain/money.ts';
import { foldEvent, unbornState } from '../../../src/engine/fold/fold.ts';
import { factsOfJob } from '../../../src/services/metrics/facts/facts-of-job.ts';
import { FactSum } from '../../../src/services/metrics/rollup/fact-sum.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';
import { anyDays, ShardPlayer } from '../../support/shard-player.ts';

/** What the facts of a job's history add up to. */
function measured(driver: ShardDriver, jobId: JobId) {
  const recorded = driver.recorded.get(jobId);
  if (recorded === undefined) throw new Error('nothing was told of it');
  const { job, events, calls } = recorded;
  const told = { job, events: { events: [...events.values()] }, calls: [...calls.values()] };
  const facts = new FactSum();
  facts.add([factsOfJob(told)]);
  const { attempts, jobs } = facts.sum();
  const sumOf = (name: string): number =>
    [...attempts.values()].reduce((sum, { sums }) => sum + Number(sums.get(name) ?? 0n), 0);
  const ended = [...jobs.values()];
  return {
    costNanoUsd: sumOf('cost'),
    unknownCosts: sumOf('unknown_costs'),
    jobs: ended.reduce((sum, { sums }) => sum + Number(sums.get('jobs') ?? 0n), 0),
    partsMs: ['queue_wait', 'provider_wait', 'deliberate_wait', 'overhead']
      .flatMap((name) => ended.map(({ distributions }) => distributions.get(name)?.sum ?? 0))
      .reduce((sum, ms) => sum + ms, 0),
  };
}

/** What the job's calls cost: work without a target has no cost of its own, whatever these tests report of it. */
function costOfCalls(driver: ShardDriver, jobId: JobId): CostSum {
  const { birth, steps } = driver.state(jobId);
  const called = new Set<string>();
  const events = driver.events(jobId).map((event) => {
    const key = `${event.step} ${event.item} ${event.attempt}`;
    if (event.type === 'attempt.started' && event.data.target !== null) called.add(key);
    if (!('facts' in event.data) || called.has(key)) return event;
    const facts = { ...event.data.facts, costNanoUsd: 0 };
    return { ...event, data: { ...event.data, facts } } as JobEvent;
  });
  return events.reduce(foldEvent, unbornState(birth, Object.keys(steps))).cost;
}

test('whatever is lost, repeated or late: facts add up to the job’s cost, and its times to its latency', async () => {
  await fc.assert(
    fc.asyncProperty(anyDays, async (days) => {
      const driver = new ShardDriver();
      const player = new ShardPlayer(driver);
      for (const deed of days) await player.play(deed);
      await player.playFairly();
      player.repeatReports();
      await driver.settleHistory();
      for (const jobId of player.jobs) {
        const { birth, finishedAtMs } = driver.state(jobId);
        const cost = costOfCalls(driver, jobId);
        expect(measured(driver, jobId)).toEqual({
          costNanoUsd: cost.nanoUsd,
          unknownCosts: cost.unpricedAttempts,
          jobs: 1,
          partsMs: (finishedAtMs ?? 0) - birth.createdAtMs,
        });
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);

test('jobs that no runner has taken are told, with the time of the first', async () => {
  const driver = new ShardDriver();
  expect(driver.shard.backlog()).toEqual({ jobs: 0, oldestSinceMs: null });
  const sinceMs = driver.nowMs;
  const body: DefinitionBody = {
    steps: [{ id: 'a', uses: 'text.normalize', with: { text: 'a' } }],
  };
  driver.submit(body);
  driver.nowMs += 1_000;
  driver.submit(body);
  expect(driver.shard.backlog()).toEqual({ jobs: 2, oldestSinceMs: sinceMs });
});
