import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import { isTerminal } from '../../../src/domain/job/job.ts';
import { toWire } from '../../../src/domain/wire.ts';
import { foldEvent, unbornState } from '../../../src/engine/fold/fold.ts';
import { ShardDriver, throughJson } from '../../support/shard-driver.ts';
import { anyDays, ShardPlayer } from '../../support/shard-player.ts';

const RUNS = 200;

/** E9: what the shard has stored is what its events tell. */
function checkStored(driver: ShardDriver, jobId: JobId): void {
  const state = driver.state(jobId);
  const events = driver.events(jobId);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  const unborn = unbornState(state.birth, Object.keys(state.steps));
  expect(throughJson(events.reduce(foldEvent, unborn))).toEqual(state);
}

/** What is not over has a moment at which somebody looks after it. */
function checkAlarm(driver: ShardDriver, jobs: readonly JobId[]): void {
  const alive = jobs.filter((jobId) => !driver.isOver(jobId));
  if (alive.length > 0 && driver.alarmAtMs === null) throw new Error('nobody will look after it');
}

test('whatever is lost, repeated or restarted: every job ends once, and its history arrives whole', async () => {
  await fc.assert(
    fc.asyncProperty(anyDays, async (days) => {
      const driver = new ShardDriver();
      const player = new ShardPlayer(driver);
      for (const deed of days) {
        await player.play(deed);
        checkAlarm(driver, player.jobs);
      }
      for (const jobId of player.jobs) checkStored(driver, jobId);
      await player.playFairly();
      player.repeatReports();
      await driver.settleHistory();
      for (const jobId of player.jobs) {
        checkStored(driver, jobId);
        const state = driver.state(jobId);
        expect(isTerminal(state.status)).toBe(true);
        const recorded = driver.recorded.get(jobId);
        const stored = [...(recorded?.events ?? [])].toSorted(([left], [right]) => left - right);
        expect(stored.map(([, event]) => event)).toEqual(
          driver.events(jobId).map((event) => throughJson(toWire(event))),
        );
        expect(recorded?.job).toMatchObject({
          status: state.status,
          cost_nano_usd: state.cost.nanoUsd,
        });
      }
      expect(driver.logs.filter(({ level }) => level === 'error')).toEqual([]);
    }),
    { numRuns: RUNS },
  );
}, 60_000);
