import { simulate } from './simulate.ts';

/** How many lives a run of the tests simulates in all. */
const LIVES = Number(
  process.env['PENSTOCK_LIVES'] ??
    (process.env['PENSTOCK_TEST_SIZE'] === 'full' ? 1_000_000 : 5_000),
);
/** Test files that share them, each in a process of its own. */
const PARTS = 2;

/** The seeds of one part; with `PENSTOCK_SEED`, that seed and no other. */
export function seedsOf(part: number): readonly number[] {
  const replayed = process.env['PENSTOCK_SEED'];
  if (replayed !== undefined) return part === 0 ? [Number(replayed)] : [];
  const first = Number(process.env['PENSTOCK_FIRST_SEED'] ?? 1);
  const count = Math.ceil(LIVES / PARTS);
  return Array.from({ length: count }, (_, index) => first + index * PARTS + part);
}

/** Lives one life after the other; the first broken promise is thrown with its seed and its story. */
export async function liveThrough(seeds: readonly number[]): Promise<number> {
  let jobs = 0;
  for (const seed of seeds) jobs += (await simulate(seed)).jobs;
  return jobs;
}
