/** The middle of several repeats of a measurement, and how far they lie apart. */
export type Spread = { readonly min: number; readonly median: number; readonly max: number };

export function spreadOf(values: readonly number[]): Spread {
  return {
    min: round(Math.min(...values)),
    median: round(quantile(values, 0.5)),
    max: round(Math.max(...values)),
  };
}

/** The value below which a share of the values lies, by the nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Three digits that mean something. */
export function round(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(value >= 1_000 ? 5 : 3)) : value;
}

/** Runs `work` so often, so many at a time. */
export async function inLanes(
  times: number,
  lanes: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < times) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, times) }, lane));
}
