import { expect } from 'vitest';

import { writeHistory } from '../../../src/runtime/d1/history/write-history.ts';
import { makeFactArchive } from '../../../src/runtime/metrics/fact-archive.ts';
import { makeMetricsStore } from '../../../src/runtime/metrics/metrics-store.ts';
import { DAY_MS } from '../../../src/services/metrics/facts/fact.ts';
import { runRollUp } from '../../../src/services/metrics/rollup/run-roll-up.ts';
import { NodeD1 } from '../../support/node-d1.ts';
import { memoryBucket } from './memory-bucket.ts';
import { shuffled, type Dice, type MadeJob } from './random-history.ts';

/** The day of which the made-up jobs are. */
export const DAY = Date.UTC(2026, 10, 20);

/** The roll-up over a database, a bucket and a clock of its own. */
export function metricsWorld() {
  const d1 = new NodeD1();
  for (const project of ['prj_a', 'prj_b']) {
    d1.rows('INSERT INTO projects (id, name, created_at) VALUES (?, ?, 0)', project, project);
  }
  const bucket = memoryBucket();
  const clock = { nowMs: DAY };
  let ids = 0;
  const deps = {
    log: () => {},
    nowMs: () => clock.nowMs,
    factsKeptMs: 2 * DAY_MS,
    minutesKeptMs: 4 * DAY_MS,
    hoursKeptMs: 1_000 * DAY_MS,
  };
  const store = makeMetricsStore({
    ...deps,
    db: d1.binding(),
    archive: makeFactArchive(bucket.binding),
    newId: () => `run_${(ids += 1)}`,
  });
  return {
    d1,
    bucket,
    clock,
    machine: deps,
    store,
    kept: deps,
    rollUp: () => runRollUp({ ...deps, store }),
  };
}

export type World = ReturnType<typeof metricsWorld>;

/** Until nothing is left to do. */
export async function settle({ clock, rollUp }: World, nowMs: number): Promise<void> {
  clock.nowMs = nowMs;
  for (;;) {
    const { minutes, hours, archived } = await rollUp();
    if (minutes + hours + archived === 0) return;
  }
}

/** Delivers history as queues do: in any order, some of it twice, with roll-ups at any moment. */
export async function deliver(its: World, roll: Dice, jobs: readonly MadeJob[], spanMs: number) {
  const copies = jobs.flatMap(({ entries }) => entries);
  const again = copies.filter(() => roll() < 0.3);
  const late = shuffled(roll, [...copies, ...again]);
  while (late.length > 0) {
    const { refused } = await writeHistory(
      its.d1.binding(),
      late.splice(0, 1 + Math.floor(roll() * 40)),
    );
    expect(refused).toEqual([]);
    if (roll() < 0.3) {
      its.clock.nowMs = DAY + Math.floor(roll() * spanMs * 1.5);
      await Promise.all(roll() < 0.5 ? [its.rollUp(), its.rollUp()] : [its.rollUp()]);
    }
  }
}
