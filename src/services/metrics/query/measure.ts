import { quantile } from '../rollup/histogram.ts';
import type { Series } from '../rollup/series.ts';
import type { KeptSignal } from '../signals.ts';

/** What a signal comes to: a number, or how values are distributed. */
export type Measured =
  | { readonly value: number | null }
  | {
      readonly count: number;
      readonly mean: number | null;
      readonly p50: number | null;
      readonly p90: number | null;
      readonly p95: number | null;
      readonly p99: number | null;
      readonly max: number | null;
    };

/** A ratio of nothing is null; a sum of nothing is 0. */
export function measure(signal: KeptSignal, series: Series | undefined): Measured {
  switch (signal.kind) {
    case 'sum':
      return { value: sumOf(series, signal.name) };
    case 'ratio':
      return { value: ratioOf(signal, series, series) };
    case 'sampled':
    case 'distribution':
      return distribution(series?.distributions.get(signal.name));
  }
}

/** What a ratio comes to where what is above the line and what is below it are counted apart. */
export function ratioOf(
  { of, over, scale = 1 }: Extract<KeptSignal, { readonly kind: 'ratio' }>,
  above: Series | undefined,
  below: Series | undefined,
): number | null {
  const all = sumOf(below, over);
  return all === 0 ? null : round(sumOf(above, of) / scale / all, 1e6);
}

function sumOf(series: Series | undefined, name: string): number {
  return Number(series?.sums.get(name) ?? 0n);
}

function distribution(
  histogram: Parameters<typeof quantile>[0] | undefined,
): Extract<Measured, { readonly count: number }> {
  if (histogram === undefined || histogram.count === 0) {
    return { count: 0, mean: null, p50: null, p90: null, p95: null, p99: null, max: null };
  }
  const { count, sum, max } = histogram;
  const at = (share: number): number => round(quantile(histogram, share) ?? 0, 10);
  return {
    count,
    mean: round(sum / count, 10),
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    max,
  };
}

function round(value: number, places: number): number {
  return Math.round(value * places) / places;
}
