import { expect, test, vi } from 'vitest';

import type { ProjectId } from '../../../src/domain/ids.ts';
import { writeHistory } from '../../../src/runtime/d1/history/write-history.ts';
import { makeFactArchive } from '../../../src/runtime/metrics/fact-archive.ts';
import { makeMetricsStore } from '../../../src/runtime/metrics/metrics-store.ts';
import { DAY_MS, HOUR_MS } from '../../../src/services/metrics/facts/fact.ts';
import { factsOfJob } from '../../../src/services/metrics/facts/facts-of-job.ts';
import { FactSum } from '../../../src/services/metrics/rollup/fact-sum.ts';
import { runRollUp } from '../../../src/services/metrics/rollup/run-roll-up.ts';
import { storedText } from '../../../src/services/metrics/rollup/stored-rollup.ts';
import { flakyBucket, flakyDatabase, type Fate } from './flaky.ts';
import { DAY, metricsWorld, type World } from './metrics-world.ts';
import { dice, makeJob, pick, shuffled, type Dice, type MadeJob } from './random-history.ts';

vi.setConfig({ testTimeout: 120_000 });

/** The jobs are of two days; what is done with their facts takes three weeks. */
const SPAN_MS = 2 * DAY_MS;
const DAYS = 21;

type Settings = { readonly factDays: number; readonly minuteDays: number };

/** The roll-up as another deployment of it has it: the same tables and objects, other settings, and calls that may fail. */
function deployed({ d1, bucket, clock }: World, settings: Settings, fate: Fate) {
  const deps = {
    log: () => {},
    nowMs: () => clock.nowMs,
    factsKeptMs: settings.factDays * DAY_MS,
    minutesKeptMs: settings.minuteDays * DAY_MS,
    hoursKeptMs: 1_000 * DAY_MS,
  };
  const store = makeMetricsStore({
    ...deps,
    db: flakyDatabase(d1.binding(), fate),
    archive: makeFactArchive(flakyBucket(bucket.binding, fate)),
    newId: () => crypto.randomUUID(),
  });
  return { store, rollUp: () => runRollUp({ ...deps, store }) };
}

type Deployment = ReturnType<typeof deployed>;

/** Runs one after the other and side by side, some of which D1 or R2 lets down. */
async function runSome(roll: Dice, { rollUp }: Deployment): Promise<void> {
  for (let run = 0; run < 1 + roll() * 3; run += 1) {
    await Promise.allSettled(roll() < 0.4 ? [rollUp(), rollUp()] : [rollUp()]);
  }
}

async function settled({ rollUp }: Deployment): Promise<void> {
  for (;;) {
    const { minutes, hours, archived } = await rollUp();
    if (minutes + hours + archived === 0) return;
  }
}

/** Three weeks in which anything happens to what was measured in the first two days. */
async function livesThrough(its: World, roll: Dice, jobs: readonly MadeJob[]): Promise<Settings> {
  const copies = jobs.flatMap(({ entries }) => entries);
  const late = shuffled(roll, [...copies, ...copies.filter(() => roll() < 0.3)]);
  let isBroken = false;
  const fate: Fate = () => {
    if (isBroken && roll() < 0.2) throw new Error('no answer');
  };
  let settings = { factDays: 1, minuteDays: 2 };
  let now = deployed(its, settings, fate);
  for (let day = 0; day < DAYS; day += 1) {
    if (roll() < 0.3) {
      settings = { factDays: pick(roll, [1, 2, 9]), minuteDays: pick(roll, [1, 3, 12]) };
      now = deployed(its, settings, fate);
    }
    for (let turn = 0; turn < 3; turn += 1) {
      its.clock.nowMs = DAY + SPAN_MS / 2 + (day + turn / 3) * DAY_MS;
      await writeHistory(its.d1.binding(), late.splice(0, Math.ceil(roll() * 20)));
      isBroken = roll() < 0.5;
      const fromMs = DAY + Math.floor(roll() * SPAN_MS);
      const rebuilt =
        roll() < 0.3 ? now.store.mark({ fromMs, toMs: fromMs + DAY_MS }, 100_000) : null;
      const absent = roll() < 0.2;
      await Promise.allSettled([rebuilt, ...(absent ? [] : [runSome(roll, now)])]);
      isBroken = false;
    }
  }
  await writeHistory(its.d1.binding(), late);
  await settled(now);
  return settings;
}

/** The rows that hours have if all facts are added up at once. */
function truth(jobs: readonly MadeJob[]): unknown[] {
  const hours = new Map<string, { project: ProjectId; at: number; sum: FactSum }>();
  for (const { project, entry } of jobs.flatMap(({ entries }) => entries)) {
    const { facts, ...job } = factsOfJob(entry);
    for (const fact of facts) {
      const at = Math.floor(fact.at / HOUR_MS) * HOUR_MS;
      const hour = hours.get(`${project} ${at}`) ?? { project, at, sum: new FactSum() };
      hour.sum.add([{ ...job, facts: [fact] }]);
      hours.set(`${project} ${at}`, hour);
    }
  }
  return [...hours.values()]
    .toSorted((a, b) => (a.project === b.project ? a.at - b.at : a.project < b.project ? -1 : 1))
    .map(({ project, at, sum }) => ({
      project,
      at,
      sources: sum.count,
      body: storedText(sum.sum()),
    }));
}

const HOURS = `SELECT project, at, sources, body FROM metric_rollups WHERE grain = 'hour' ORDER BY project, at`;

test.each([1, 2])(
  'late facts, rebuilds, failures, two runs at once and other settings leave every hour exact (%i)',
  async (seed) => {
    const roll = dice(seed);
    const its = metricsWorld();
    const jobs = Array.from({ length: 120 }, (_, index) => makeJob(roll, index, DAY, SPAN_MS));
    const settings = await livesThrough(its, roll, jobs);
    expect(its.d1.rows(HOURS)).toEqual(truth(jobs));

    // Out of what is archived, and what is not, the same can be made again.
    its.d1.rows(`UPDATE metric_rollups SET sources = 0, body = '{}'`);
    const again = deployed(its, settings, () => {});
    await again.store.mark({ fromMs: DAY, toMs: DAY + 4 * DAY_MS }, 100_000);
    await settled(again);
    expect(its.d1.rows(HOURS)).toEqual(truth(jobs));
    const lines = [...its.bucket.objects.values()].flatMap(({ body }) => body.trim().split('\n'));
    expect(new Set(lines).size).toBe(lines.length);
  },
);
