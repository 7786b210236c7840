import { setTimeout as sleep } from 'node:timers/promises';

import type { Contestant } from './contestants.ts';
import { perJob, plus, sum, type Counts } from './cost.ts';
import { send } from './http.ts';
import { sample } from './measure.ts';
import { penstock, type Penstock } from './contestants.ts';
import type { Runtime } from './runtime.ts';

/** Times after which a counted job's payloads and history go: the shortest that a pipeline may ask for. */
export const SHORT_RETENTION = { payloads: '1m', history: '2m' };
const HISTORY_QUIET_MS = 800;
const RETENTION_WAIT_MS = 150_000;
const DAY_MS = 86_400_000;

export type CountedJob = {
  readonly name: string;
  /** `alone`: one at a time, so that nothing is shared. `busy`: 32 submitters. */
  readonly load: 'alone' | 'busy';
  readonly counts: Counts;
};

export type Counted = {
  readonly jobs: readonly CountedJob[];
  /** What a job costs after its end: erasing payloads, deleting history, here and in D1, and the tombstone. */
  readonly deletion: Promise<Counts>;
};

async function takeCounts({ url }: Runtime): Promise<Counts> {
  return (await send('DELETE', `${url}/__counts`)).body as Counts;
}

/**
 * Counts what jobs ask of the platform, with counters around it. What retention deletes afterwards is counted too;
 * it takes two and a half minutes, during which other things may be measured elsewhere.
 */
export async function countJobs(runtime: Runtime, api: Penstock, jobs: number): Promise<Counted> {
  const counted: CountedJob[] = [];
  await sample(penstock(api, 'three', 'queued'), 0, { jobs: 16, lanes: 16, waits: true });
  await sleep(HISTORY_QUIET_MS);
  await takeCounts(runtime);
  for (const pipeline of ['three', 'one', 'map']) {
    for (const way of ['inline', 'queued'] as const) {
      const contestant = penstock(api, pipeline, way);
      const name = `${pipeline}, ${way}`;
      counted.push(await countAlone(runtime, contestant, name));
      counted.push(
        await countBusy(runtime, contestant, name, pipeline === 'map' ? jobs / 4 : jobs),
      );
    }
  }
  const created = 16 + (counted.length / 2) * ALONE_JOBS + 4 * jobs + 2 * (jobs / 4);
  return { jobs: counted, deletion: countDeletion(runtime, created) };
}

const ALONE_JOBS = 4;

async function countAlone(
  runtime: Runtime,
  contestant: Contestant,
  name: string,
): Promise<CountedJob> {
  for (let index = 0; index < ALONE_JOBS; index += 1) {
    await sample(contestant, 0, { jobs: 1, lanes: 1, waits: true });
    await sleep(HISTORY_QUIET_MS);
  }
  return { name, load: 'alone', counts: withoutPolls(await takeCounts(runtime), ALONE_JOBS) };
}

async function countBusy(
  runtime: Runtime,
  contestant: Contestant,
  name: string,
  jobs: number,
): Promise<CountedJob> {
  await sample(contestant, 0, { jobs, lanes: 32, waits: false });
  await sleep(HISTORY_QUIET_MS);
  return { name, load: 'busy', counts: withoutPolls(await takeCounts(runtime), jobs) };
}

/** The benchmark's own polling is not the job's: its requests and reads are left out. */
function withoutPolls(counts: Counts, jobs: number): Counts {
  const polls = sum(counts, 'invocations.request') - jobs;
  const { 'object_calls.shard.read': _reads, ...kept } = counts;
  return perJob(
    { ...kept, 'invocations.request': sum(counts, 'invocations.request') - polls },
    jobs,
  );
}

async function countDeletion(runtime: Runtime, jobs: number): Promise<Counts> {
  await sleep(RETENTION_WAIT_MS);
  const inShards = await takeCounts(runtime);
  const worker = await runtime.miniflare.getWorker();
  await worker.scheduled({ cron: '0 * * * *', scheduledTime: new Date(Date.now() + DAY_MS) });
  await worker.scheduled({ cron: '0 * * * *', scheduledTime: new Date(Date.now() + 40 * DAY_MS) });
  const inDatabase = await takeCounts(runtime);
  return perJob(plus(inShards, inDatabase), jobs);
}
