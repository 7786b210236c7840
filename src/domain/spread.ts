/**
 * How numbers are spread, in little room: each is counted in a class a fifth wider than the one below it, so that a
 * quantile read from the counts is at most ten per cent off. Two sets of counts are added class by class.
 */

/** Pairs of class and count, in the order of classes; classes without a number are left out. */
export type Counts = readonly (readonly [index: number, count: number])[];

/** Quantiles in the unit of what was counted; null while nothing was. */
export type Spread = {
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
};

const WIDTH = 1.2;
/** The upper end of the last class is about 2.2 hours in milliseconds. */
const LAST_CLASS = 87;

export function addCounts(left: Counts, right: Counts): Counts {
  const sum = new Map(left);
  for (const [index, count] of right) sum.set(index, (sum.get(index) ?? 0) + count);
  return [...sum].toSorted(([first], [second]) => first - second);
}

export function countOne(counts: Counts, value: number): Counts {
  return addCounts(counts, [[classOf(value), 1]]);
}

export function spreadOf(counts: Counts): Spread {
  const count = counts.reduce((sum, [, each]) => sum + each, 0);
  const at = (share: number) => quantile(counts, share * count);
  return count === 0
    ? { count, p50: null, p95: null, p99: null }
    : { count, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function classOf(value: number): number {
  if (!(value > 1)) return 0;
  return Math.min(LAST_CLASS, Math.ceil(Math.log(value) / Math.log(WIDTH)));
}

/** The middle, in the sense of proportions, of the class in which the number of this rank lies. */
function quantile(counts: Counts, rank: number): number {
  let passed = 0;
  for (const [index, count] of counts) {
    passed += count;
    if (passed >= rank) return Math.round(WIDTH ** (index - 0.5));
  }
  return 0;
}
