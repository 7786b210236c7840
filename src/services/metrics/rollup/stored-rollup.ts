import { z } from 'zod';

import { utf8Bytes } from '../../../domain/json.ts';
import { readHistogram, storedHistogram } from './histogram.ts';
import {
  dimensionsOf,
  mergeSeries,
  RollupSum,
  setNames,
  type Rollup,
  type Series,
  type SetName,
} from './series.ts';

/**
 * STORED CONTRACT: the series of a minute or an hour as JSON, by set. A series is its values, its sums (as text where a
 * number would not be exact) and its distributions.
 */
const storedSeries = z.tuple([
  z.array(z.string()),
  z.record(z.string(), z.union([z.number(), z.string()])),
  z.record(z.string(), z.array(z.number())),
]);
type StoredSeries = z.infer<typeof storedSeries>;

const storedSet = z.array(storedSeries);
const storedRollup = z.object({
  attempts: storedSet.optional(),
  checks: storedSet.optional(),
  jobs: storedSet.optional(),
  tags: storedSet.optional(),
  moderation: storedSet.optional(),
  webhooks: storedSet.optional(),
  feedback: storedSet.optional(),
  queues: storedSet.optional(),
  runnable: storedSet.optional(),
  targets: storedSet.optional(),
});
type StoredRollup = z.infer<typeof storedRollup>;

/** Series of a set beyond this many are added up under this value, so that a row has a bound and no sum loses anything. */
const SERIES_MAX = 400;
/** A row of D1 holds 2 MB; what else is in it is small. In bytes. */
const ROW_BYTES_MAX = 1_800_000;
export const OTHERS = '(others)';

/** As text that a row can hold: where all those series are too long for it, fewer are kept apart. */
export function storedText(rollup: Rollup): string {
  for (let seriesMax = SERIES_MAX; ; seriesMax = Math.ceil(seriesMax / 2)) {
    const text = JSON.stringify(toStored(rollup, seriesMax));
    if (utf8Bytes(text) <= ROW_BYTES_MAX || seriesMax === 1) return text;
  }
}

function toStored(rollup: Rollup, seriesMax: number): StoredRollup {
  const sets = setNames.flatMap((set) => {
    const series = bounded(set, rollup[set], seriesMax).map(storedOf);
    return series.length === 0 ? [] : [[set, series] as const];
  });
  return Object.fromEntries(sets);
}

export function fromStored(stored: unknown): Rollup {
  const parsed = storedRollup.parse(stored);
  const sum = new RollupSum();
  for (const set of setNames) {
    for (const series of parsed[set] ?? []) sum.add(set, seriesOf(series));
  }
  return sum.sum();
}

/**
 * The series in the order of their values, the busiest kept apart. Of the others versions and steps are added up first, so
 * that what each pipeline and each target did stays exact; only where that does not help are they added up altogether.
 */
function bounded(set: SetName, series: ReadonlyMap<string, Series>, seriesMax: number): Series[] {
  const ordered = [...series].toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (ordered.length <= seriesMax) return ordered.map(([, each]) => each);
  const ranked = ordered.map(([, each]) => each).toSorted((a, b) => weight(b) - weight(a));
  for (const share of KEPT_APART) {
    const kept = withoutParts(set, ranked, Math.floor(seriesMax * share));
    if (kept.length <= seriesMax) return kept;
  }
  const others = ranked
    .slice(seriesMax - 1)
    .reduce(mergeSeries, emptyOf(dimensionsOf[set].map(() => OTHERS)));
  return [...ranked.slice(0, seriesMax - 1), others];
}

/** Shares of the room for what keeps its versions and steps: the most that leaves room for all others without them. */
const KEPT_APART = [0.75, 0.5, 0.25, 0];
const PARTS: ReadonlySet<string> = new Set(['version', 'step']);

/** The first `whole` as they are, of the others the sums over their versions and steps. */
function withoutParts(set: SetName, ranked: readonly Series[], whole: number): Series[] {
  const sum = new RollupSum();
  for (const each of ranked.slice(0, whole)) sum.add(set, each);
  for (const { values, ...each } of ranked.slice(whole)) {
    const coarse = dimensionsOf[set].map((name, at) =>
      PARTS.has(name) ? OTHERS : (values[at] ?? ''),
    );
    sum.add(set, { ...each, values: coarse });
  }
  return [...sum.sum()[set].values()];
}

function weight({ values, sums }: Series): number {
  if (values[0] === OTHERS) return 0;
  const counted = COUNTS.map((name) => sums.get(name)).find((sum) => sum !== undefined);
  return Number(counted ?? 0n);
}

/** Of each set the sum that says how much it is about. */
const COUNTS = [
  'attempts',
  'jobs',
  'failed_checks',
  'flagged_categories',
  'webhook_tries',
  'feedback',
  'target_samples',
] as const;

function emptyOf(values: readonly string[]): Series {
  return { values, sums: new Map(), distributions: new Map() };
}

function storedOf({ values, sums, distributions }: Series): StoredSeries {
  return [
    [...values],
    Object.fromEntries(byName(sums).map(([name, sum]) => [name, storedSum(sum)])),
    Object.fromEntries(
      byName(distributions).map(([name, histogram]) => [name, [...storedHistogram(histogram)]]),
    ),
  ];
}

function byName<Value>(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function storedSum(sum: bigint): number | string {
  const number = Number(sum);
  return Number.isSafeInteger(number) ? number : sum.toString();
}

function seriesOf([values, sums, distributions]: StoredSeries): Series {
  return {
    values,
    sums: new Map(Object.entries(sums).map(([name, sum]) => [name, BigInt(sum)])),
    distributions: new Map(
      Object.entries(distributions).map(([name, stored]) => [name, readHistogram(stored)]),
    ),
  };
}
