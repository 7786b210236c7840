import { PRICES, type Billed } from '../prices.ts';

/** Counts of one job, by the names of `counting/counters.ts`. */
export type Counts = Readonly<Record<string, number>>;

export type CostLine = {
  readonly what: Billed;
  readonly units: number;
  readonly usdPerMillion: number;
};

/** What a job is billed for, line by line, in dollars for a million such jobs. Model tokens are excluded. */
export function costOf(counts: Counts): CostLine[] {
  const units: Readonly<Record<Billed, number>> = {
    workerRequests: sum(counts, 'invocations.'),
    cpuMs: sum(counts, 'cpu_ms'),
    objectRequests: sum(counts, 'object_calls.'),
    objectGbSeconds: sum(counts, 'object_gb_seconds'),
    objectRowsRead: sum(counts, 'object_rows_read'),
    objectRowsWritten: sum(counts, 'object_rows_written.'),
    queueOperations: sum(counts, 'queue_operations.'),
    d1RowsRead: sum(counts, 'd1_rows_read'),
    d1RowsWritten: sum(counts, 'd1_rows_written'),
    measurementPoints: sum(counts, 'measurement_points'),
    bucketWrites: sum(counts, 'bucket_calls.put') + sum(counts, 'bucket_calls.list'),
    bucketReads: sum(counts, 'bucket_calls.get'),
  };
  return names(units).map((what) => ({
    what,
    units: units[what],
    usdPerMillion: units[what] * PRICES[what].usd,
  }));
}

export function totalUsd(lines: readonly CostLine[]): number {
  return lines.reduce((total, { usdPerMillion }) => total + usdPerMillion, 0);
}

/** The sum of all counts whose name begins so. */
export function sum(counts: Counts, prefix: string): number {
  return Object.entries(counts).reduce(
    (total, [name, value]) => (name.startsWith(prefix) ? total + value : total),
    0,
  );
}

/** Counts of so many jobs, as counts of one; and several of those added up. */
export function perJob(counts: Counts, jobs: number): Counts {
  return Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, value / jobs]));
}

export function plus(...all: readonly Counts[]): Counts {
  const total = new Map<string, number>();
  for (const [name, value] of all.flatMap((counts) => Object.entries(counts))) {
    total.set(name, (total.get(name) ?? 0) + value);
  }
  return Object.fromEntries(total);
}

function names(units: Readonly<Record<Billed, number>>): Billed[] {
  return Object.keys(units) as Billed[];
}
