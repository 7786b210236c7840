import { setTimeout as sleep } from 'node:timers/promises';

import type { Contestant } from './contestants.ts';
import { perJob, plus, sum, type Counts } from './cost.ts';
import { send } from './http.ts';
import { sample } from './measure.ts';
import { penstock, type Penstock } from './contestants.ts';
import type { Runtime } from './runtime.ts';

/** Times after which a counted job's payloads and history go: the shortest that a pipeline may ask for. */
export const SHORT_RETENTION = { payloads: '1m', history: '2m' };
/** A busy shard sends its history once a second, and a queue gathers it. */
const HISTORY_QUIET_MS = 2_500;
/** History goes up to a minute after its two minutes, so that jobs share the alarms of their retention. */
const RETENTION_WAIT_MS = 195_000;
const DAY_MS = 86_400_000;

export type CountedJob = {
  readonly name: string;
  /**
   * `alone`: one at a time, so that nothing is shared. `busy`: 32 submitters. `slow`: a model call takes a second, so
   * that no two hops share a moment, as with real models. `long`: it takes three, so that a three-step job lasts
   * longer than the five seconds after which lists show it.
   */
  readonly load: 'alone' | 'busy' | Pace;
  readonly jobs: number;
  readonly counts: Counts;
};

async function takeCounts({ url }: Runtime): Promise<Counts> {
  return (await send('DELETE', `${url}/__counts`)).body as Counts;
}

/** Counts what jobs of every kind ask of the platform, with counters around it. */
export async function countJobs(
  runtime: Runtime,
  api: Penstock,
  jobs: number,
): Promise<CountedJob[]> {
  const counted: CountedJob[] = [];
  await sample(penstock(api, 'three', 'queued'), 0, { jobs: WARM_JOBS, lanes: 16, waits: true });
  await sleep(HISTORY_QUIET_MS);
  await takeCounts(runtime);
  for (const pipeline of ['three', 'one', 'map']) {
    for (const way of ['inline', 'queued'] as const) {
      const contestant = penstock(api, pipeline, way);
      const name = `${pipeline}, ${way}`;
      const some = pipeline === 'map' ? jobs / 4 : jobs;
      counted.push(await countAlone(runtime, contestant, name));
      counted.push(await countBusy(runtime, contestant, name, { load: 'busy', jobs: some }));
      const paces: readonly Pace[] = pipeline === 'three' ? ['slow', 'long'] : ['slow'];
      for (const load of paces) {
        counted.push(await countBusy(runtime, contestant, name, { load, jobs: some / 4 }));
      }
    }
  }
  return counted;
}

type Pace = 'slow' | 'long';
const PACE_MS = { busy: 0, slow: 1_000, long: 3_000 } as const;
const WARM_JOBS = 32;
const ALONE_JOBS = 4;
const DELETED_JOBS = 96;

async function countAlone(
  runtime: Runtime,
  contestant: Contestant,
  name: string,
): Promise<CountedJob> {
  for (let index = 0; index < ALONE_JOBS; index += 1) {
    await sample(contestant, 0, { jobs: 1, lanes: 1, waits: true });
    await sleep(HISTORY_QUIET_MS);
  }
  const counts = withoutPolls(await takeCounts(runtime), ALONE_JOBS);
  return { name, load: 'alone', jobs: ALONE_JOBS, counts };
}

async function countBusy(
  runtime: Runtime,
  contestant: Contestant,
  name: string,
  { load, jobs }: { readonly load: 'busy' | Pace; readonly jobs: number },
): Promise<CountedJob> {
  await sample(contestant, PACE_MS[load], { jobs, lanes: 32, waits: false });
  await sleep(HISTORY_QUIET_MS);
  return { name, load, jobs, counts: withoutPolls(await takeCounts(runtime), jobs) };
}

/** The benchmark's own polling is not the job's: a poll is one request and one read of the shard. */
function withoutPolls(counts: Counts, jobs: number): Counts {
  const polls = Math.max(0, sum(counts, 'invocations.request') - jobs);
  const own = { 'invocations.request': -polls, 'object_calls.shard.read': -polls };
  return perJob(plus(counts, own), jobs);
}

/**
 * Counts what a three-step job costs after its end: its payloads erased, its history deleted in the shard and in
 * D1. It takes more than three minutes, during which other things may be measured elsewhere.
 */
export async function countDeletion(runtime: Runtime, api: Penstock): Promise<Counts> {
  const jobs = DELETED_JOBS;
  await sample(penstock(api, 'three', 'queued'), 1000, { jobs, lanes: 16, waits: false });
  await sleep(HISTORY_QUIET_MS);
  await takeCounts(runtime);
  await sleep(RETENTION_WAIT_MS);
  const inShards = await takeCounts(runtime);
  const worker = await runtime.miniflare.getWorker();
  await worker.scheduled({ cron: '0 * * * *', scheduledTime: new Date(Date.now() + DAY_MS) });
  await worker.scheduled({ cron: '0 * * * *', scheduledTime: new Date(Date.now() + 40 * DAY_MS) });
  return perJob(plus(inShards, await takeCounts(runtime)), jobs);
}
