import {
  bareProxy,
  direct,
  floorInline,
  floorQueued,
  penstock,
  workflows,
  type Contestant,
  type Penstock,
} from './contestants.ts';
import { sample, type Sample } from './measure.ts';
import type { ModelLatencyMs } from './simulator.ts';
import { spreadOf, type Spread } from './stats.ts';

export type Sizes = {
  readonly repeats: number;
  /** Jobs one after the other, at each latency of the model. */
  readonly single: Readonly<Record<0 | 50, number>>;
  /** Jobs by 32 submitters. */
  readonly busy: number;
  readonly busyMap: number;
};

export const FULL: Sizes = { repeats: 5, single: { 0: 20, 50: 6 }, busy: 96, busyMap: 8 };
export const QUICK: Sizes = { repeats: 2, single: { 0: 10, 50: 4 }, busy: 48, busyMap: 4 };
export const LATENCIES: readonly ModelLatencyMs[] = [0, 50];
const SUBMITTERS = 32;

type Work = 'one call' | 'three calls' | 'map of 50';

type Trial = {
  readonly work: Work;
  readonly contestant: Contestant;
  readonly lanes: number;
  /** Times as many jobs as the sizes say. */
  readonly times?: number;
};

/** All repeats of one trial at one latency of the model. */
export type Row = {
  readonly work: Work;
  readonly contestant: string;
  readonly modelLatencyMs: ModelLatencyMs;
  readonly lanes: number;
  readonly jobs: number;
  readonly samples: readonly Sample[];
  readonly spread: Readonly<Record<keyof Sample, Spread>>;
};

export type Urls = {
  readonly modelUrl: string;
  readonly yardsticks: string;
  readonly penstock: Penstock;
};

/** Everything that is measured, smallest first; each at one lane and at 32. */
export function allTrials({ modelUrl, yardsticks, penstock: api }: Urls): Trial[] {
  const calls = [direct(modelUrl), bareProxy(yardsticks), penstock(api, 'one', 'inline')];
  const threes = [
    floorInline(yardsticks, 'inline'),
    floorInline(yardsticks, 'merged'),
    floorQueued(yardsticks),
    workflows(yardsticks),
    ...threeStepTrials(api),
  ];
  const maps = [penstock(api, 'map', 'inline'), penstock(api, 'map', 'queued')];
  return [1, SUBMITTERS].flatMap((lanes) => [
    ...calls.map((contestant): Trial => ({ work: 'one call', contestant, lanes, times: 2 })),
    ...threes.map((contestant): Trial => ({ work: 'three calls', contestant, lanes })),
    ...maps.map((contestant): Trial => ({ work: 'map of 50', contestant, lanes })),
  ]);
}

function threeStepTrials(api: Penstock): Contestant[] {
  return [penstock(api, 'three', 'inline'), penstock(api, 'three', 'queued')];
}

/** The three-step job alone: what is measured again with many finished jobs stored. */
export function penstockTrials(api: Penstock): Trial[] {
  return [1, SUBMITTERS].flatMap((lanes) =>
    threeStepTrials(api).map((contestant): Trial => ({ work: 'three calls', contestant, lanes })),
  );
}

/**
 * Runs every trial once a repeat, one after the other, so that what disturbs the machine for a while disturbs all
 * of them alike. The first round is thrown away.
 */
export async function runTrials(
  trials: readonly Trial[],
  latencies: readonly ModelLatencyMs[],
  sizes: Sizes,
  say: (line: string) => void,
): Promise<Row[]> {
  const samples = new Map<string, Sample[]>();
  for (const trial of trials) await runOnce(trial, 0, { ...sizes, busy: 32, busyMap: 2 });
  for (let repeat = 1; repeat <= sizes.repeats; repeat += 1) {
    for (const latencyMs of latencies) {
      say(`repeat ${repeat} of ${sizes.repeats}, model latency ${latencyMs} ms`);
      for (const trial of trials) {
        const key = keyOf(trial, latencyMs);
        samples.set(key, [...(samples.get(key) ?? []), await runOnce(trial, latencyMs, sizes)]);
      }
    }
  }
  return latencies.flatMap((latencyMs) =>
    trials.map((trial) =>
      rowOf(trial, latencyMs, sizes, samples.get(keyOf(trial, latencyMs)) ?? []),
    ),
  );
}

function keyOf({ work, contestant, lanes }: Trial, latencyMs: ModelLatencyMs): string {
  return `${work}/${contestant.name}/${lanes}/${latencyMs}`;
}

function jobsOf(
  { work, lanes, times = 1 }: Trial,
  latencyMs: ModelLatencyMs,
  { single, busy, busyMap }: Sizes,
): number {
  if (work === 'map of 50') return lanes === 1 ? 2 : busyMap;
  return times * (lanes === 1 ? single[latencyMs === 0 ? 0 : 50] : busy);
}

/** A lane waits for its job where the request does, and where there is only one. */
async function runOnce(trial: Trial, latencyMs: ModelLatencyMs, sizes: Sizes): Promise<Sample> {
  const { contestant, lanes } = trial;
  const jobs = jobsOf(trial, latencyMs, sizes);
  try {
    return await sample(contestant, latencyMs, { jobs, lanes, waits: lanes === 1 });
  } catch (error) {
    throw new Error(`${keyOf(trial, latencyMs)} failed`, { cause: error });
  }
}

function rowOf(
  trial: Trial,
  modelLatencyMs: ModelLatencyMs,
  sizes: Sizes,
  samples: readonly Sample[],
): Row {
  const spread = (field: keyof Sample): Spread => spreadOf(samples.map((one) => one[field]));
  return {
    work: trial.work,
    contestant: trial.contestant.name,
    modelLatencyMs,
    lanes: trial.lanes,
    jobs: jobsOf(trial, modelLatencyMs, sizes),
    samples,
    spread: {
      perSecond: spread('perSecond'),
      submitP50Ms: spread('submitP50Ms'),
      submitP99Ms: spread('submitP99Ms'),
      endP50Ms: spread('endP50Ms'),
      endP99Ms: spread('endP99Ms'),
    },
  };
}
