/**
 * A distribution that can be added up: counts of values by buckets whose bounds grow by a constant factor, after DDSketch
 * (Masson, Rim, Lee, VLDB 2019). Bucket `k` holds values in (2^((k-1)/24), 2^(k/24)]; every power of two is a bound.
 * What is told of a value is within 1.45 % of it: the bound is (g - 1) / (g + 1) with g = 2^(1/24). Values up to 0 have a
 * bucket of their own and are told exactly; those between 0 and 1, which no measurement in milliseconds gives, are not bounded.
 */
const BUCKETS_PER_DOUBLING = 24;
const GROWTH = 2 ** (1 / BUCKETS_PER_DOUBLING);
const ZERO_BUCKET = -1;

export type Histogram = {
  /** How many values lie in each bucket. */
  readonly buckets: ReadonlyMap<number, number>;
  readonly count: number;
  readonly sum: number;
  readonly max: number;
};

function bucketOf(value: number): number {
  if (value <= 0) return ZERO_BUCKET;
  return Math.max(0, Math.ceil(Math.log2(value) * BUCKETS_PER_DOUBLING));
}

/** The value that stands for a bucket: as far from its lower bound as from its upper one, relatively. */
function valueOf(bucket: number): number {
  return bucket === ZERO_BUCKET ? 0 : (2 * GROWTH ** bucket) / (GROWTH + 1);
}

export function histogramOf(value: number): Histogram {
  return { buckets: new Map([[bucketOf(value), 1]]), count: 1, sum: value, max: value };
}

/** A distribution that is added to where it lies: copies of its buckets for every value are dear. */
export type GrowingHistogram = {
  readonly buckets: Map<number, number>;
  count: number;
  sum: number;
  max: number;
};

export function growingHistogram({ buckets, count, sum, max }: Histogram): GrowingHistogram {
  return { buckets: new Map(buckets), count, sum, max };
}

export function growHistogram(growing: GrowingHistogram, more: Histogram): void {
  if (more.count === 0) return;
  for (const [bucket, count] of more.buckets) {
    growing.buckets.set(bucket, (growing.buckets.get(bucket) ?? 0) + count);
  }
  growing.max = growing.count === 0 ? more.max : Math.max(growing.max, more.max);
  growing.count += more.count;
  growing.sum += more.sum;
}

/** The value below which a share of all values lies (nearest rank); null when there are none. */
export function quantile({ buckets, count, max }: Histogram, share: number): number | null {
  if (count === 0) return null;
  const rank = Math.max(1, Math.ceil(share * count));
  let seen = 0;
  for (const [bucket, values] of ordered(buckets)) {
    seen += values;
    if (seen >= rank) return Math.min(max, valueOf(bucket));
  }
  return max;
}

/** How many values are at most 2^`exponent`; exact, because powers of two are bounds. */
export function countUpToPower({ buckets }: Histogram, exponent: number): number {
  let sum = 0;
  for (const [bucket, count] of buckets) {
    if (bucket <= exponent * BUCKETS_PER_DOUBLING) sum += count;
  }
  return sum;
}

/** STORED CONTRACT: sum, greatest value, then bucket and count by turns. */
export type StoredHistogram = readonly number[];

export function storedHistogram({ sum, max, buckets }: Histogram): StoredHistogram {
  return [sum, max, ...ordered(buckets).flat()];
}

export function readHistogram([sum = 0, max = 0, ...pairs]: StoredHistogram): Histogram {
  const buckets = new Map<number, number>();
  let count = 0;
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    const values = pairs[index + 1] ?? 0;
    buckets.set(pairs[index] ?? 0, values);
    count += values;
  }
  return { buckets, count, sum, max };
}

function ordered(buckets: ReadonlyMap<number, number>): [number, number][] {
  return [...buckets].toSorted(([a], [b]) => a - b);
}
