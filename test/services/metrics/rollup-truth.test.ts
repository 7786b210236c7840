import { describe, expect, test, vi } from 'vitest';

import { writeHistory } from '../../../src/runtime/d1/history/write-history.ts';
import { DAY_MS, HOUR_MS } from '../../../src/services/metrics/facts/fact.ts';
import { quantile } from '../../../src/services/metrics/rollup/histogram.ts';
import { mergeRollups, type Rollup } from '../../../src/services/metrics/rollup/series.ts';
import { DAY, deliver, metricsWorld, settle, type World } from './metrics-world.ts';
import { dice, makeJob, pick, type Dice, type MadeJob } from './random-history.ts';

vi.setConfig({ testTimeout: 60_000 });

async function sumsOfHours({ store }: World, nowMs: number): Promise<Rollup> {
  const range = { fromMs: 0, toMs: nowMs };
  const sums = await store.sums(
    null,
    'hour',
    [range],
    ['attempts', 'checks', 'jobs', 'tags', 'moderation'],
  );
  return mergeRollups(sums.map(({ rollup }) => rollup));
}

/** The sums as rows of text, so that tables can be compared. */
function tables({ d1 }: World): unknown[] {
  return d1.rows('SELECT * FROM metric_rollups ORDER BY project, grain, at');
}

function sumOf(rollup: Rollup, set: keyof Rollup, name: string): bigint {
  return [...rollup[set].values()].reduce((sum, { sums }) => sum + (sums.get(name) ?? 0n), 0n);
}

const costOf = (jobs: readonly MadeJob[]): bigint =>
  jobs
    .flatMap(({ attempts, corrections }) => [...attempts, ...corrections])
    .reduce((sum, { costNanoUsd }) => sum + BigInt(costNanoUsd ?? 0), 0n);

describe('sums of sums', () => {
  test.each([1, 2, 3, 4])(
    'of shuffled, repeated and late history are the truth (%i)',
    async (seed) => {
      const roll = dice(seed);
      const its = metricsWorld();
      const spanMs = 5 * HOUR_MS;
      const jobs = Array.from({ length: 150 }, (_, index) => makeJob(roll, index, DAY, spanMs));
      await deliver(its, roll, jobs, spanMs);
      await settle(its, DAY + DAY_MS);
      const rollup = await sumsOfHours(its, DAY + DAY_MS);

      const attempts = jobs.flatMap((job) => job.attempts);
      const corrections = jobs.flatMap((job) => job.corrections);
      expect(sumOf(rollup, 'jobs', 'jobs')).toBe(BigInt(jobs.length));
      expect(sumOf(rollup, 'attempts', 'attempts')).toBe(BigInt(attempts.length));
      expect(sumOf(rollup, 'attempts', 'cost')).toBe(costOf(jobs));
      const unknown = attempts.filter(({ costNanoUsd }) => costNanoUsd === null).length;
      expect(sumOf(rollup, 'attempts', 'unknown_costs')).toBe(BigInt(unknown - corrections.length));
      const looked = attempts.flatMap(({ flagged }) => (flagged === null ? [] : [flagged]));
      expect(sumOf(rollup, 'attempts', 'moderated')).toBe(BigInt(looked.length));
      const flagged = looked.filter(({ length }) => length > 0);
      expect(sumOf(rollup, 'attempts', 'flagged')).toBe(BigInt(flagged.length));
      for (const { values, sums } of rollup.moderation.values()) {
        const named = attemptsOf(jobs, values).filter((one) =>
          one.flagged?.includes(values[5] ?? ''),
        );
        expect(sums.get('flagged_categories')).toBe(BigInt(named.length));
      }
      for (const series of rollup.tags.values()) {
        const [tag, pipeline, provider] = series.values;
        if (provider !== '') continue;
        const tagged = jobs.filter(
          (job) => job.tags.includes(tag ?? '') && job.pipeline === pipeline,
        );
        expect(series.sums.get('jobs')).toBe(BigInt(tagged.length));
      }
      for (const { values, distributions } of rollup.attempts.values()) {
        const latencies = distributions.get('provider_latency');
        if (latencies === undefined) continue;
        expect(latencies.count).toBe(latenciesOf(jobs, values).length);
      }
      const all = [...rollup.jobs.values()].flatMap(({ distributions }) => [
        ...(distributions.get('job_latency')?.buckets ?? []),
      ]);
      expect(all.reduce((sum, [, count]) => sum + count, 0)).toBe(jobs.length);
    },
  );

  test('made twice, and of history that came in another order, are the same table', async () => {
    const made = [7, 8].map(async (seed) => {
      const its = metricsWorld();
      const roll = dice(1);
      const jobs = Array.from({ length: 120 }, (_, index) => makeJob(roll, index, DAY, DAY_MS / 2));
      await deliver(its, dice(seed), jobs, DAY_MS);
      await settle(its, DAY + DAY_MS);
      const first = tables(its);
      const marked = await its.store.mark({ fromMs: DAY, toMs: DAY + DAY_MS }, 1_000);
      expect(marked).toBeGreaterThan(50);
      await settle(its, DAY + DAY_MS);
      expect(tables(its)).toEqual(first);
      return first;
    });
    const [one, other] = await Promise.all(made);
    expect(one?.length).toBeGreaterThan(50);
    expect(other).toEqual(one);
  });

  test('facts go to the archive once each, and what comes after that still counts', async () => {
    const its = metricsWorld();
    const roll = dice(5);
    const jobs = Array.from({ length: 150 }, (_, index) => makeJob(roll, index, DAY, 2 * HOUR_MS));
    const [late, early] = [jobs.slice(0, 40), jobs.slice(40)];
    await deliver(its, roll, early, 2 * HOUR_MS);
    await settle(its, DAY + 3 * DAY_MS);
    expect(its.d1.rows('SELECT * FROM metric_facts')).toEqual([]);
    expect(await sumsOfHours(its, DAY + DAY_MS)).toEqual(await sumsOfHours(its, DAY + DAY_MS));

    // Minutes are gone by now; hours are made anew out of the archive.
    for (const nowMs of [DAY + 3 * DAY_MS, DAY + 6 * DAY_MS]) {
      await settle(its, nowMs);
      const part = late.splice(0, 20);
      await deliver({ ...its, rollUp: async () => its.rollUp() }, dice(nowMs % 97), part, 0);
      await settle(its, nowMs);
    }
    const rollup = await sumsOfHours(its, DAY + 9 * DAY_MS);
    expect(sumOf(rollup, 'jobs', 'jobs')).toBe(150n);
    expect(sumOf(rollup, 'attempts', 'cost')).toBe(costOf(jobs));
    const lines = [...its.bucket.objects.values()].flatMap(({ body }) => body.trim().split('\n'));
    const keys = lines.map((line) => {
      const { job, seq } = JSON.parse(line) as { job: string; seq: number };
      return `${job}@${seq}`;
    });
    expect(new Set(keys).size).toBe(keys.length);
    expect([...its.bucket.objects.keys()][0]).toMatch(
      /^metrics\/prj_[ab]\/facts\/2026-11-20\/\d{4}\.ndjson$/,
    );
  });

  test('a fact that comes while its minute is summed up is not lost', async () => {
    const its = metricsWorld();
    const roll = dice(9);
    const jobs = Array.from({ length: 60 }, (_, index) => makeJob(roll, index, DAY, 120_000));
    const entries = jobs.flatMap((job) => job.entries);
    await writeHistory(its.d1.binding(), entries.splice(0, 10));
    its.clock.nowMs = DAY + HOUR_MS;
    // At every call of the roll-up, some history comes first.
    its.d1.beforeCall = () => {
      its.d1.beforeCall = () => {};
      void writeHistory(its.d1.binding(), entries.splice(0, 2 + Math.floor(roll() * 3)));
    };
    while (entries.length > 0) {
      const arm = its.d1.beforeCall;
      await its.rollUp();
      if (its.d1.beforeCall !== arm) rearm(its, entries, roll);
    }
    await settle(its, DAY + DAY_MS);
    expect(sumOf(await sumsOfHours(its, DAY + DAY_MS), 'attempts', 'cost')).toBe(costOf(jobs));
  });
});

function rearm(its: World, entries: MadeJob['entries'][number][], roll: Dice): void {
  let calls = Math.floor(roll() * 6);
  its.d1.beforeCall = () => {
    calls -= 1;
    if (calls > 0) return;
    its.d1.beforeCall = () => {};
    void writeHistory(its.d1.binding(), entries.splice(0, pick(roll, [1, 2, 5])));
  };
}

/** Attempts of a pipeline, version, step, provider and model. */
function attemptsOf(jobs: readonly MadeJob[], values: readonly string[]) {
  const [pipeline, version, step, provider, model] = values;
  return jobs
    .filter((job) => job.pipeline === pipeline && String(job.version) === version)
    .flatMap(({ attempts }) => attempts)
    .filter((made) => made.step === step && made.provider === provider && made.model === model);
}

function latenciesOf(jobs: readonly MadeJob[], values: readonly string[]): number[] {
  return attemptsOf(jobs, values)
    .filter(({ failureClass }) => failureClass === values[5])
    .flatMap(({ latencyMs }) => (latencyMs === null ? [] : [latencyMs]));
}

test('a percentile of sums is within 1.45 % of that of the values', async () => {
  const roll = dice(11);
  const jobs = Array.from({ length: 250 }, (_, index) => makeJob(roll, index, DAY, HOUR_MS));
  const its = metricsWorld();
  await deliver(its, roll, jobs, HOUR_MS);
  await settle(its, DAY + DAY_MS);
  const merged = mergeRollups([await sumsOfHours(its, DAY + DAY_MS)]);
  const found = [...merged.jobs.values()];
  for (const { values, distributions } of found) {
    const histogram = distributions.get('job_latency');
    if (histogram === undefined) throw new Error('a job has a latency');
    const truth = jobs
      .filter((job) => job.pipeline === values[0] && String(job.version) === values[1])
      .map(({ latencyMs }) => latencyMs)
      .toSorted((a, b) => a - b);
    for (const share of [0.5, 0.9, 0.95, 0.99]) {
      const exact = truth[Math.max(0, Math.ceil(share * truth.length) - 1)] ?? 0;
      const told = quantile(histogram, share) ?? 0;
      expect(Math.abs(told - exact)).toBeLessThanOrEqual(exact * 0.0145 + 0.01);
    }
  }
});
