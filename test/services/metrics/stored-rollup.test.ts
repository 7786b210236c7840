import { expect, test } from 'vitest';

import { utf8Bytes } from '../../../src/domain/json.ts';
import {
  mergeRollups,
  RollupSum,
  type Rollup,
} from '../../../src/services/metrics/rollup/series.ts';
import {
  fromStored,
  OTHERS,
  storedText,
} from '../../../src/services/metrics/rollup/stored-rollup.ts';

/** Each series with a distribution of `width` buckets; as many jobs in it as its number says. */
function hourOf(count: number, width: number): Rollup {
  const sum = new RollupSum();
  const buckets = new Map(Array.from({ length: width }, (_, bucket) => [bucket, 1_000]));
  const times = { buckets, count: width * 1_000, sum: 123_456, max: 999 };
  for (let index = 1; index <= count; index += 1) {
    sum.add('jobs', {
      values: [`pipeline-ü-${index}`, '1', 'succeeded'],
      sums: new Map([['jobs', BigInt(index)]]),
      distributions: new Map([['job_latency', times]]),
    });
  }
  return sum.sum();
}

test.each([
  { count: 3, width: 20, kept: 3 },
  { count: 500, width: 20, kept: 400 },
  { count: 500, width: 600, kept: 200 },
])('of $count series of $width buckets $kept are kept, no sum loses anything', (hour) => {
  const text = storedText(hourOf(hour.count, hour.width));
  expect(utf8Bytes(text)).toBeLessThan(1_900_000);
  const { jobs } = fromStored(JSON.parse(text));
  expect(jobs.size).toBe(hour.kept);
  const all = [...jobs.values()].map(({ sums }) => sums.get('jobs') ?? 0n);
  expect(all.reduce((sum, each) => sum + each, 0n)).toBe(
    BigInt((hour.count * (hour.count + 1)) / 2),
  );
  // The busiest stay apart.
  const names = [...jobs.values()].map(({ values }) => values[0]);
  expect(names).toContain(`pipeline-ü-${hour.count}`);
  expect(names.includes(OTHERS)).toBe(hour.kept < hour.count);
});

/** 390 versions of thirteen pipelines. */
function minuteOf(from: number): Rollup {
  const sum = new RollupSum();
  for (let index = from; index < from + 390; index += 1) {
    const failure = index % 2 === 0 ? '' : 'lost';
    sum.add('attempts', {
      values: [`p${index % 13}`, String(index), 'ask', 'openai', 'm', failure],
      sums: new Map([['attempts', BigInt(1 + (index % 7))]]),
      distributions: new Map(),
    });
  }
  return sum.sum();
}

/** Attempts by pipeline, provider, model and class. */
function byTarget(rollups: readonly Rollup[]): Map<string, bigint> {
  const found = new Map<string, bigint>();
  for (const { values, sums } of rollups.flatMap((each) => [...each.attempts.values()])) {
    const key = [values[0], ...values.slice(3)].join(' ');
    found.set(key, (found.get(key) ?? 0n) + (sums.get('attempts') ?? 0n));
  }
  return found;
}

test('versions and steps are added up first: what each pipeline and target did is the same in a minute and its hour', () => {
  const minutes = [0, 390, 780].map((from) => minuteOf(from));
  const stored = minutes.map((each) => fromStored(JSON.parse(storedText(each))));
  const hour = fromStored(JSON.parse(storedText(mergeRollups(stored))));
  expect(hour.attempts.size).toBeLessThanOrEqual(400);
  expect(byTarget([hour])).toEqual(byTarget(minutes));
  // So it is when it is added up with what was added up before.
  const more = fromStored(JSON.parse(storedText(mergeRollups([hour, minuteOf(5_000)]))));
  expect(byTarget([more])).toEqual(byTarget([...minutes, minuteOf(5_000)]));
});
