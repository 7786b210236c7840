import {
  growHistogram,
  growingHistogram,
  type GrowingHistogram,
  type Histogram,
} from './histogram.ts';

/**
 * What is added up together. A set is a list of series with the same dimensions; which there are decides how many rows
 * of what a day leaves, so a set has only those that questions are asked by. STORED CONTRACT: append, never reorder.
 */
export const dimensionsOf = {
  /** One series for each step and target that was called, and class of failure. */
  attempts: ['pipeline', 'version', 'step', 'provider', 'model', 'class'],
  checks: ['pipeline', 'version', 'step', 'provider', 'model', 'rule'],
  jobs: ['pipeline', 'version', 'status'],
  /** What has several tags counts once for each. */
  tags: ['tag', 'pipeline', 'provider', 'model'],
  /** What moderations have flagged. */
  moderation: ['pipeline', 'version', 'step', 'provider', 'model', 'category'],
  /** Tries of deliveries. */
  webhooks: ['endpoint', 'class'],
  feedback: ['pipeline', 'version', 'step', 'label'],
  /** Samples, one a minute. Queues and targets are the deployment's, runnable jobs a project's. */
  queues: ['queue'],
  runnable: [],
  targets: ['provider', 'model', 'state'],
} as const;
export type SetName = keyof typeof dimensionsOf;
export const setNames = [
  'attempts',
  'checks',
  'jobs',
  'tags',
  'moderation',
  'webhooks',
  'feedback',
  'queues',
  'runnable',
  'targets',
] as const satisfies readonly SetName[];

/** Sets that are measured of the whole deployment: their sums are kept under `DEPLOYMENT`. */
export const deploymentSets: ReadonlySet<SetName> = new Set(['queues', 'targets']);

/** Sums and distributions by name, for one value of each dimension of the set. */
export type Series = {
  /** In the order of the set's dimensions; empty where the dimension says nothing. */
  readonly values: readonly string[];
  readonly sums: ReadonlyMap<string, bigint>;
  readonly distributions: ReadonlyMap<string, Histogram>;
};

/** A sum that is added to where it lies: a window has a hundred thousand series, and copies of maps are dear. */
export type GrowingSeries = {
  readonly values: readonly string[];
  readonly sums: Map<string, bigint>;
  readonly distributions: Map<string, GrowingHistogram>;
};

export function growing({ values, sums, distributions }: Series): GrowingSeries {
  const copies = [...distributions].map(
    ([name, histogram]) => [name, growingHistogram(histogram)] as const,
  );
  return { values, sums: new Map(sums), distributions: new Map(copies) };
}

export function grow({ sums, distributions }: GrowingSeries, more: Series): void {
  for (const [name, sum] of more.sums) sums.set(name, (sums.get(name) ?? 0n) + sum);
  for (const [name, histogram] of more.distributions) {
    const known = distributions.get(name);
    if (known === undefined) distributions.set(name, growingHistogram(histogram));
    else growHistogram(known, histogram);
  }
}

/** What two series are together, under the values of the first. */
export function mergeSeries(left: Series, right: Series): Series {
  const sum = growing(left);
  grow(sum, right);
  return sum;
}

/** The series of every set, each under its values. */
export type Rollup = Readonly<Record<SetName, ReadonlyMap<string, Series>>>;

/** Adds series up as they come, in any order. */
export class RollupSum {
  readonly #sets: Record<SetName, Map<string, Series>> = {
    attempts: new Map(),
    checks: new Map(),
    jobs: new Map(),
    tags: new Map(),
    moderation: new Map(),
    webhooks: new Map(),
    feedback: new Map(),
    queues: new Map(),
    runnable: new Map(),
    targets: new Map(),
  };
  readonly #grown = new WeakMap<Series, GrowingSeries>();

  add(set: SetName, series: Series): void {
    const key = series.values.join('\u0000');
    const known = this.#sets[set].get(key);
    if (known === undefined) this.#sets[set].set(key, series);
    else grow(this.#own(set, key, known), series);
  }

  /** What was given belongs to whoever gave it; from the second on they are added up in a copy. */
  #own(set: SetName, key: string, known: Series): GrowingSeries {
    const grown = this.#grown.get(known) ?? growing(known);
    this.#grown.set(grown, grown);
    this.#sets[set].set(key, grown);
    return grown;
  }

  addRollup(rollup: Rollup): void {
    for (const set of setNames) for (const series of rollup[set].values()) this.add(set, series);
  }

  sum(): Rollup {
    return this.#sets;
  }
}

export function mergeRollups(rollups: readonly Rollup[]): Rollup {
  const sum = new RollupSum();
  for (const rollup of rollups) sum.addRollup(rollup);
  return sum.sum();
}
