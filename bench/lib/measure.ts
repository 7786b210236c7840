import type { Contestant } from './contestants.ts';
import type { ModelLatencyMs } from './simulator.ts';
import { inLanes, quantile } from './stats.ts';

/** One repeat: what a contestant did with so many jobs, so many at a time. */
export type Sample = {
  readonly perSecond: number;
  readonly submitP50Ms: number;
  readonly submitP99Ms: number;
  readonly endP50Ms: number;
  readonly endP99Ms: number;
};

/**
 * Starts jobs in lanes. Throughput counts from the first submit to the last end; the latency of a job counts from
 * its submit to its end. With `waits` a lane starts a job only when the one before is over.
 */
export async function sample(
  contestant: Contestant,
  latencyMs: ModelLatencyMs,
  {
    jobs,
    lanes,
    waits,
  }: { readonly jobs: number; readonly lanes: number; readonly waits: boolean },
): Promise<Sample> {
  const submits: number[] = [];
  const ends: number[] = [];
  const open: (() => Promise<void>)[] = [];
  let lastEndMs = 0;
  const startedMs = now();
  await inLanes(jobs, lanes, async () => {
    const atMs = now();
    const { submitMs, finishedAtMs } = await contestant.start(latencyMs);
    submits.push(submitMs);
    const end = async (): Promise<void> => {
      const endMs = await finishedAtMs();
      ends.push(endMs - atMs);
      lastEndMs = Math.max(lastEndMs, endMs);
    };
    if (waits) await end();
    else open.push(end);
  });
  await inLanes(open.length, 4, async (index) => open[index]?.());
  return {
    perSecond: (jobs * 1_000) / (lastEndMs - startedMs),
    submitP50Ms: quantile(submits, 0.5),
    submitP99Ms: quantile(submits, 0.99),
    endP50Ms: quantile(ends, 0.5),
    endP99Ms: quantile(ends, 0.99),
  };
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
