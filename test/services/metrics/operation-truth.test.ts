import { expect, test, vi } from 'vitest';

import { DAY_MS, HOUR_MS } from '../../../src/services/metrics/facts/fact.ts';
import {
  mergeRollups,
  setNames,
  type Rollup,
} from '../../../src/services/metrics/rollup/series.ts';
import { DAY, metricsWorld, settle } from './metrics-world.ts';
import { dice } from './random-history.ts';
import { makeFacts, makeSamples, tell, type MadeFact } from './random-operation.ts';

vi.setConfig({ testTimeout: 60_000 });

/** What stored sums come to, of all series of a set. */
function told(rollup: Rollup): Record<string, unknown> {
  const sum = (set: keyof Rollup, name: string) =>
    [...rollup[set].values()].reduce((total, { sums }) => total + (sums.get(name) ?? 0n), 0n);
  const distribution = (set: keyof Rollup, name: string) => {
    const found = [...rollup[set].values()].flatMap(
      ({ distributions }) => distributions.get(name) ?? [],
    );
    return [
      found.reduce((total, { count }) => total + count, 0),
      found.reduce((total, each) => total + each.sum, 0),
      Math.max(...found.map(({ max }) => max)),
    ];
  };
  return {
    tries: sum('webhooks', 'webhook_tries'),
    failures: sum('webhooks', 'webhook_failures'),
    lags: distribution('webhooks', 'webhook_lag'),
    scores: sum('feedback', 'feedback_scores'),
    samples: sum('targets', 'target_samples'),
    available: sum('targets', 'available_samples'),
    depths: distribution('queues', 'queue_messages'),
    ages: distribution('queues', 'queue_oldest_age'),
    waiting: distribution('runnable', 'runnable_jobs'),
  };
}

function counted(values: readonly number[]): number[] {
  return [values.length, values.reduce((total, value) => total + value, 0), Math.max(...values)];
}

/** The same if every fact counts once. */
function truth(made: readonly MadeFact[]): Record<string, unknown> {
  const facts = made.map(({ fact }) => fact);
  const tries = facts.filter((fact) => fact.kind === 'delivery');
  const samples = facts.filter((fact) => fact.kind === 'target_sample');
  const queues = facts.filter((fact) => fact.kind === 'queue_sample');
  const scores = facts.map((fact) => (fact.kind === 'feedback' ? (fact.score ?? 0) : 0));
  return {
    tries: BigInt(tries.length),
    failures: BigInt(tries.filter((fact) => fact.class !== undefined).length),
    lags: counted(tries.flatMap(({ lag_ms: lag }) => lag ?? [])),
    scores: BigInt(scores.reduce((total, score) => total + Math.round(score * 1_000), 0)),
    samples: BigInt(samples.length),
    available: BigInt(samples.filter(({ state }) => state === 'available').length),
    depths: counted(queues.map(({ messages }) => messages)),
    ages: counted(queues.map(({ oldest_age_ms: age = 0 }) => age)),
    waiting: counted(facts.flatMap((fact) => (fact.kind === 'runnable_sample' ? fact.jobs : []))),
  };
}

test.each([1, 2, 3])('deliveries, feedback and samples count once (%i)', async (seed) => {
  const roll = dice(seed);
  const its = metricsWorld();
  const spanMs = 4 * HOUR_MS;
  const made = [...makeFacts(roll, 400, spanMs), ...makeSamples(roll, spanMs)];
  await tell(its, roll, made, spanMs);
  await settle(its, DAY + 3 * DAY_MS);
  // The facts lie in the archive now; some are told again.
  const late = made.filter(({ job }) => /7$|20000$|^dlv_1/.test(job));
  await tell(its, roll, late, spanMs);
  await settle(its, DAY + 3 * DAY_MS);
  const range = { fromMs: 0, toMs: DAY + DAY_MS };
  const hours = await its.store.sums(null, 'hour', [range], setNames);
  expect(told(mergeRollups(hours.map(({ rollup }) => rollup)))).toEqual(truth(made));
});
