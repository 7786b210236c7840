import { isDeepStrictEqual } from 'node:util';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { EventView } from '../../../src/services/views/jobs/event-view.ts';
import type { JobView, ListedJobView } from '../../../src/services/views/jobs/job-schema.ts';
import { Random } from '../../simulation/world/random.ts';
import { newTenant, type Tenant } from '../support/api.ts';
import { eventsOf, listJobs, post, readJob, run } from '../support/jobs.ts';
import { startOwnServer, type OwnServer } from '../support/own-server.ts';
import { until } from '../support/until.ts';
import {
  asListed,
  endsOf,
  expectResultsUsedOnce,
  historiesOf,
  listAll,
  type History,
} from './histories.ts';
import { callsOfLoad, kindOf, prepareLoad } from './load-kinds.ts';
import { startLoad, type Load } from './load.ts';
import { beginJobs, beginSome, callUnderWay, longCallUnderWay, type Accepted } from './phases.ts';
import { figuresOf, say, summary, tell, type Round } from './report.ts';
import { crashRounds, RECOVERY_MS } from './rounds.ts';

/**
 * The whole server is killed under load, at moments drawn from a seed, and started again on the same state. Before
 * the last kill there is also a job in every phase. Nobody looks at the jobs until the list says that all of
 * them are over: what brings them back is the server alone. `PENSTOCK_CRASH_ROUNDS` and
 * `PENSTOCK_CRASH_SEED` choose another run; `PENSTOCK_CRASH_REPORT` names a file for its figures. The seed repeats
 * what is sent and when the server is killed, not what the machine makes of it.
 */
const FULL = process.env['PENSTOCK_TEST_SIZE'] === 'full';
const ROUNDS = Math.max(1, Number(process.env['PENSTOCK_CRASH_ROUNDS'] ?? (FULL ? 50 : 5)));
const SEED = Number(process.env['PENSTOCK_CRASH_SEED'] ?? Date.now() % 1e9);
const ROUND_MS = 60_000 + RECOVERY_MS;

let server: OwnServer;
let api: Tenant;
let other: Tenant;
let loaded: Tenant;
let load: Load;
let rounds: readonly Round[] = [];
const accepted: Accepted[] = [];
let longCall: Accepted;
let listed: readonly ListedJobView[] = [];
let histories: readonly History[] = [];

beforeAll(
  async () => {
    say(`PENSTOCK_CRASH_SEED=${SEED}`);
    const random = new Random(SEED);
    server = await startOwnServer({}, { journalLimit: 200_000 });
    [api, other, loaded] = [
      await newTenant(server),
      await newTenant(server),
      await newTenant(server),
    ];
    await prepareLoad(loaded, server.simulator);
    load = startLoad(loaded, random);
    rounds = await crashRounds({ server, api: loaded, load, random }, ROUNDS, beginPhases);
    await load.stop();
    listed = await until('all jobs to be over', listOfEnded, RECOVERY_MS);
    const ofLoad = await until('the load to be over', loadOfEnded, RECOVERY_MS);
    histories = await historiesOf(loaded, ofLoad);
  },
  ROUNDS * ROUND_MS + 2 * RECOVERY_MS,
);

afterAll(() => server.close());

/** Before the last kill, a job in every phase: no later one can meet them on their way back. */
async function beginPhases(round: number): Promise<void> {
  if (round < ROUNDS - 1) return;
  accepted.push(...(await beginJobs(server, api)));
  accepted.push(await callUnderWay(server, api, 'queue'));
  longCall = await longCallUnderWay(server, other);
  accepted.push(...(await beginSome(api)));
}

/** All jobs of the phases, as the list shows them, once it shows all that were accepted as over. */
async function listOfEnded(): Promise<readonly ListedJobView[] | null> {
  const met = await listAll(api);
  const over = new Set(met.filter(({ terminal }) => terminal).map(({ id }) => id));
  return accepted.every(({ id }) => over.has(id)) ? met : null;
}

/** All jobs of the load and their children, once the list shows them all as over. */
async function loadOfEnded(): Promise<readonly ListedJobView[] | null> {
  const met = await listAll(loaded);
  const over = new Set(met.filter(({ terminal }) => terminal).map(({ id }) => id));
  const ids = load.submissions.flatMap((submission) => [...submission.ids]);
  return over.size === met.length && ids.every((id) => over.has(id)) ? met : null;
}

type Story = Accepted & { readonly job: JobView; readonly events: readonly EventView[] };

async function stories(): Promise<Story[]> {
  return Promise.all(
    accepted.map(async (promise) => ({
      ...promise,
      job: await readJob(api, promise.id),
      events: await eventsOf(api, promise.id),
    })),
  );
}

test('every accepted job has ended as it would have without the crash, and only once', async () => {
  for (const { phase, job, end, events } of await stories()) {
    expect([phase, job.status], JSON.stringify(job.steps)).toEqual([phase, end]);
    expect([phase, ...endsOf(events)]).toEqual([phase, `job.${end}`]);
  }
});

test('every recorded result is used once', async () => {
  for (const { phase, job, events } of await stories()) expectResultsUsedOnce(job, events, phase);
});

/** The jobs that were in a phase, with how often their model was called and how many attempts were lost. */
async function storiesOf(phase: string) {
  const found = (await stories()).filter((story) => story.phase.startsWith(phase));
  expect(found.length).toBeGreaterThan(0);
  return found.map(({ model, job, events }) => ({
    job,
    calls: server.simulator.journal().filter((call) => call.model === model).length,
    lost: events.filter(({ type }) => type === 'attempt.lost').length,
  }));
}

test('a job that was over or between two attempts loses nothing', async () => {
  for (const { lost } of await storiesOf('done')) expect(lost).toBe(0);
  for (const { calls, lost } of await storiesOf('between attempts')) {
    expect([calls, lost]).toEqual([2, 0]);
  }
});

test('a call that was under way is made once more', async () => {
  for (const { calls, lost } of await storiesOf('call under way')) {
    expect([calls, lost]).toEqual([2, 1]);
  }
});

test('of a map only those items are repeated that were under way', async () => {
  for (const { calls, lost, job } of await storiesOf('map half done')) {
    expect([calls, lost]).toEqual([9 + 2, 2]);
    const { answers } = job.output as { answers: string[] };
    const before = answers.filter((answer) => answer === 'before');
    expect([before.length, answers.length]).toEqual([4, 9]);
  }
});

test('a job that was being cancelled is not called again', async () => {
  for (const { calls } of await storiesOf('cancelling')) expect(calls).toBe(1);
});

test('a call whose outcome is unknown is told as one that may have been paid twice', async () => {
  for (const { model, events } of await stories()) {
    const lost = events.filter(({ type }) => type === 'attempt.lost');
    const risky = lost.map(({ data }) => data['possible_duplicate_spend']);
    expect(risky).toEqual(lost.map(() => model !== null));
  }
});

test('the same submit still finds the same job', async () => {
  for (const { body, key, id, end } of accepted) {
    const answer = await post(api, body, { 'idempotency-key': key });
    expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    expect([answer.body.id, answer.body.status]).toEqual([id, end]);
  }
});

test('the list shows every job once, as it ended', async () => {
  const ids = accepted.map(({ id }) => id);
  expect(listed.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  for (const { id, status } of listed) {
    expect([id, status]).toEqual([id, accepted.find((job) => job.id === id)?.end]);
  }
});

test('a runner that died is noticed long before the call that it held would have had to end', async () => {
  const query = '?status=succeeded';
  const isListed = async () =>
    (await listJobs(other, query)).data.some(({ id }) => id === longCall.id);
  await until('its job to be over', isListed, 60_000);
  expect(await isListed()).toBe(true);
});

test('results that were there before the crash are the same after it', async () => {
  const [done, ...later] = accepted.filter(({ phase }) => phase === 'done' || phase === 'accepted');
  const before = await readJob(api, done?.id ?? '');
  expect(before.output).not.toBeNull();
  for (const { id } of later) expect((await readJob(api, id)).output).toEqual(before.output);
});

test('new jobs run as before', async () => {
  const job = await run(api, accepted[0]?.body);
  expect(job.status).toBe('succeeded');
});

test('every job of the load has ended once, as it would have without the crashes', () => {
  for (const { job, events } of histories) {
    expect([job.id, job.status], JSON.stringify(job.steps)).toEqual([job.id, 'succeeded']);
    expect([job.id, ...endsOf(events)]).toEqual([job.id, 'job.succeeded']);
    expectResultsUsedOnce(job, events, job.id);
  }
});

test('a key never makes a second job, however often its submit was repeated', () => {
  for (const { key, ids } of load.submissions.filter((each) => each.key !== null)) {
    expect([key, ids.size]).toEqual([key, 1]);
  }
  const named = new Set(load.submissions.flatMap(({ ids }) => [...ids]));
  const roots = histories.filter(({ job }) => job.parent === null).map(({ job }) => job.id);
  const unnamed = roots.filter((id) => !named.has(id));
  const unanswered = load.submissions.filter(({ ids }) => ids.size === 0);
  expect(unnamed.length).toBeLessThanOrEqual(unanswered.length);
  expect(roots.length - unnamed.length).toBe(named.size);
});

test('every child that was needed was made once', () => {
  const children = histories.flatMap(({ job }) => job.parent?.job_id ?? []);
  const parents = histories.filter(({ job }) => kindOf(job.pipeline).children > 0);
  expect(children.toSorted()).toEqual(parents.map(({ job }) => job.id).toSorted());
});

/** Jobs of the load that the list shows otherwise than their shards. */
async function shownOtherwise(): Promise<readonly History[]> {
  const now = new Map((await listAll(loaded)).map((job) => [job.id, job]));
  return histories.filter(({ job }) => {
    const shown = now.get(job.id);
    return shown === undefined || !isDeepStrictEqual(asListed(job, shown), shown);
  });
}

test('the list shows every job of the load as its shard does', async () => {
  await until('the last history', async () => (await shownOtherwise()).length === 0, 60_000);
  expect(await shownOtherwise()).toEqual([]);
});

function mayBePaidTwice({ type, data }: EventView): boolean {
  return type === 'attempt.lost' && data['possible_duplicate_spend'] === true;
}

test('an attempt calls its model at most once, and no call is paid in vain unsaid', () => {
  const calls = callsOfLoad(server.simulator);
  const attempts = calls.map(({ idempotency_key: key }) => key);
  expect(new Set(attempts).size).toBe(attempts.length);
  const needed = histories
    .map(({ job }) => kindOf(job.pipeline).callsNeeded)
    .reduce((sum, count) => sum + count, 0);
  const paid = calls.filter((call) => call.paid).length;
  const figures = figuresOf(
    rounds,
    histories.map((history) => history.listed),
  );
  tell({
    seed: SEED,
    at: new Date().toISOString(),
    rounds: figures,
    recovery_ms: summary(figures),
    jobs: histories.length,
    tries_unanswered: load.submissions.reduce((sum, { lost }) => sum + lost, 0),
    calls_needed: needed,
    calls_paid: paid,
    paid_calls_per_needed_call: Math.round((paid / needed) * 10_000) / 10_000,
  });
  expect(paid).toBeGreaterThanOrEqual(needed);
  // Whatever was paid beyond that was told as such.
  const lost = histories.flatMap(({ events }) => events.filter(mayBePaidTwice));
  expect(paid).toBeLessThanOrEqual(needed + lost.length);
});
