/**
 * Money is integer nano-dollars (1 USD = 1,000,000,000), so that sums are exact. A cost that is not known is
 * `null`, never 0. `Number.MAX_SAFE_INTEGER` nano-dollars are about nine million dollars.
 */
export type NanoUsd = number;

/** Dollars as a decimal text with nine places: exact, unlike a floating-point number. */
export function formatUsd(nanoUsd: NanoUsd | bigint): string {
  const sign = nanoUsd < 0 ? '-' : '';
  const digits = nanoUsd.toString().replace('-', '').padStart(10, '0');
  return `${sign}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** A cost that may be partly unknown: what is known, and how many attempts have no price. */
export type CostSum = { readonly nanoUsd: NanoUsd; readonly unpricedAttempts: number };

export const NO_COST: CostSum = { nanoUsd: 0, unpricedAttempts: 0 };

/** Adds one attempt's cost; `null` counts as unpriced. */
export function addCost(sum: CostSum, costNanoUsd: NanoUsd | null): CostSum {
  return costNanoUsd === null
    ? { ...sum, unpricedAttempts: sum.unpricedAttempts + 1 }
    : { ...sum, nanoUsd: sum.nanoUsd + costNanoUsd };
}
