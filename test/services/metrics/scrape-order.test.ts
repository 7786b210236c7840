import { expect, test } from 'vitest';

import { projectId } from '../../../src/domain/ids.ts';
import { HOUR_MS } from '../../../src/services/metrics/facts/fact.ts';
import { prometheusText } from '../../../src/services/metrics/query/prometheus.ts';
import { OTHERS, fromStored } from '../../../src/services/metrics/rollup/stored-rollup.ts';
import { DAY } from './metrics-world.ts';

/** An hour in which each of these pipelines had one job. */
function hourOf(index: number, pipelines: readonly string[]) {
  const jobs = pipelines.map((name) => [[name, '1', 'succeeded'], { jobs: 1 }, {}]);
  return {
    project: 'prj_a',
    grain: 'hour',
    atMs: DAY + index * HOUR_MS,
    rollup: fromStored({ jobs }),
  };
}

/** Ended jobs by pipeline, as told after some hours of the day. */
async function scraped(hours: readonly object[]): Promise<Map<string, number>> {
  const project = projectId('prj_a');
  const text = await prometheusText(
    {
      providers: { ids: [], modelsOf: () => [] } as never,
      namedTargets: { of: async () => [] },
      desk: { limited: [] } as never,
      metrics: {
        store: { marks: async () => [], sums: async () => hours } as never,
        kept: { minutesKeptMs: 0, hoursKeptMs: 0 },
      },
      machine: { nowMs: () => DAY + 20 * HOUR_MS },
      backlogs: { queues: async () => [], shards: async () => [] },
    },
    { id: 'key_a', project, scopes: new Set(['metrics:read'] as const), isRoot: false },
  );
  if (!text.ok) throw new Error(text.failure.message);
  const lines = text.value.matchAll(/^penstock_jobs_total\{pipeline="([^"]+)".*\} (\d+)$/gm);
  return new Map([...lines].map(([, name = '', count]) => [name, Number(count)]));
}

test('what comes later in the day puts no series out of its place among more than can be told', async () => {
  const early = Array.from({ length: 205 }, (_, index) => `m${String(index).padStart(3, '0')}`);
  const late = ['a', 'b', 'c'];
  const before = await scraped([hourOf(1, early)]);
  const after = await scraped([hourOf(1, early), hourOf(2, [...late, 'm000', 'm204'])]);
  expect(before.size).toBe(200);
  expect([...after.keys()]).toEqual([...before.keys()]);
  const grown = [...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  // Three new ones, and one that was among the others already.
  expect(grown.filter(([, more]) => more !== 0)).toEqual([
    ['m000', 1],
    [OTHERS, late.length + 1],
  ]);
});
