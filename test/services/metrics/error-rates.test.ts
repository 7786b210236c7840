import { beforeAll, describe, expect, test } from 'vitest';

import type { Actor } from '../../../src/domain/access.ts';
import { projectId } from '../../../src/domain/ids.ts';
import { HOUR_MS } from '../../../src/services/metrics/facts/fact.ts';
import type { Filters } from '../../../src/services/metrics/query/group.ts';
import { summary } from '../../../src/services/metrics/query/summary.ts';
import { timeseries } from '../../../src/services/metrics/query/timeseries.ts';
import { DAY, deliver, metricsWorld, settle } from './metrics-world.ts';
import { dice, makeJob } from './random-history.ts';

const its = metricsWorld();
const roll = dice(77);
const jobs = Array.from({ length: 300 }, (_, index) => makeJob(roll, index, DAY, HOUR_MS));
const actor: Actor = {
  id: 'key_a',
  project: projectId('prj_a'),
  scopes: new Set(['metrics:read'] as const),
  isRoot: false,
};
const deps = {
  providers: { ids: [], modelsOf: () => [] } as never,
  namedTargets: { of: async () => [] } as never,
  desk: { limited: [] } as never,
  metrics: { store: its.store, kept: its.kept },
  machine: { nowMs: () => its.clock.nowMs },
  backlogs: { queues: async () => [], shards: async () => [] },
};
const attempts = jobs.filter(({ project }) => project === 'prj_a').flatMap((job) => job.attempts);

/** By provider, or of all: how many attempts failed as a class, of how many attempts. */
function truth(provider: string | null, failureClass: string): number {
  const all = attempts.filter((made) => provider === null || made.provider === provider);
  const failed = all.filter((made) => made.failureClass === failureClass);
  return Math.round((failed.length / all.length) * 1e6) / 1e6;
}

/** The day at once, so that there is one point a group. */
async function ratesOf(groupBy: string[], filters: Filters = {}, metric = 'error_rate') {
  const answer = await timeseries(deps, actor, {
    metric,
    groupBy,
    filters,
    step: '1d',
    window: '1d',
  });
  if (!answer.ok) throw new Error(answer.failure.message);
  return answer.value.series.map(({ group, points }) => [
    Object.values(group).join(' '),
    ...points.map((point) => ('value' in point ? point.value : null)),
  ]);
}

beforeAll(async () => {
  await deliver(its, roll, jobs, HOUR_MS);
  await settle(its, DAY + 12 * HOUR_MS);
});

test('failures by class have no line for what succeeded', async () => {
  const lines = await ratesOf(['class'], {}, 'failures');
  expect(lines.map(([name]) => name)).toEqual(['lost', 'overloaded', 'timeout']);
});

test('latencies have no line for what is no call', async () => {
  const answer = await timeseries(deps, actor, {
    metric: 'provider_latency',
    groupBy: ['provider', 'class'],
    filters: {},
    step: '1d',
    window: '1d',
  });
  if (!answer.ok) throw new Error(answer.failure.message);
  const counts = answer.value.series.flatMap(({ points }) =>
    points.map((point) => ('count' in point ? point.count : null)),
  );
  expect(counts).not.toContain(0);
  const measured = attempts.filter(({ latencyMs }) => latencyMs !== null);
  expect(counts.reduce((sum, count) => Number(sum) + Number(count), 0)).toBe(measured.length);
});

describe('the error rate of a class', () => {
  test('is its share of all attempts, not of its own', async () => {
    expect(await ratesOf(['class'])).toEqual(
      ['lost', 'overloaded', 'timeout'].map((name) => [name, truth(null, name)]),
    );
  });

  test('is that of a provider’s attempts, in whatever order one groups', async () => {
    const expected = ['anthropic', 'openai'].flatMap((provider) =>
      ['lost', 'overloaded', 'timeout'].map((name) => [
        `${provider} ${name}`,
        truth(provider, name),
      ]),
    );
    expect(await ratesOf(['provider', 'class'])).toEqual(expected);
    const turned = await ratesOf(['class', 'provider']);
    expect(turned.length).toBe(expected.length);
    expect(turned).toContainEqual(['timeout openai', truth('openai', 'timeout')]);
  });

  test('can be filtered for: by provider, and where no attempt failed so it is 0', async () => {
    const expected = ['anthropic', 'openai'].map((name) => [name, truth(name, 'timeout')]);
    expect(await ratesOf(['provider'], { class: ['timeout'] })).toEqual(expected);
    expect(await ratesOf(['provider'], { class: ['auth'] })).toEqual([
      ['anthropic', 0],
      ['openai', 0],
    ]);
    expect(await ratesOf(['class'], { class: ['timeout'], provider: ['openai'] })).toEqual([
      ['timeout', truth('openai', 'timeout')],
    ]);
  });

  test('is told by a summary that is filtered by it', async () => {
    const answer = await summary(deps, actor, {
      window: '1d',
      filters: { class: ['timeout'], provider: ['openai'] },
    });
    if (!answer.ok) throw new Error(answer.failure.message);
    const found = new Map(answer.value.metrics.map(([{ name }, told]) => [name, told]));
    expect(found.get('error_rate')).toEqual({ value: truth('openai', 'timeout') });
    expect(found.has('cache_hit_rate')).toBe(false);
  });

  test('adds up to the rate of all failures', async () => {
    const [[, all] = []] = await ratesOf([]);
    const each = (await ratesOf(['class'])).map(([, rate]) => Number(rate));
    expect(each.reduce((sum, rate) => sum + rate, 0)).toBeCloseTo(Number(all), 5);
  });
});
