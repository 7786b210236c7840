import { afterAll, beforeAll, expect, test } from 'vitest';

import type { EventView, JobView, ListedJobView } from '../../src/services/views/schemas.ts';
import { newTenant, type Tenant } from './support/api.ts';
import {
  beginJobs,
  beginSome,
  callUnderWay,
  longCallUnderWay,
  type Accepted,
} from './support/crash-jobs.ts';
import { eventsOf, listJobs, post, readJob, run } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { until } from './support/until.ts';

/**
 * The whole server is killed with jobs in every phase, and started again on the same state. Nobody looks at the
 * jobs until the list says that all of them are over: what brings them back is the server alone.
 */
const ROUNDS = process.env['PENSTOCK_TEST_SIZE'] === 'full' ? 8 : 2;
/** That a runner is gone is noticed 25 s after a start; then its work is done again. */
const RECOVERY_MS = 120_000;

let server: OwnServer;
let api: Tenant;
let other: Tenant;
const accepted: Accepted[] = [];
let longCall: Accepted;
let listed: readonly ListedJobView[] = [];

beforeAll(
  async () => {
    server = await startOwnServer();
    api = await newTenant(server);
    other = await newTenant(server);
    for (let round = 0; round < ROUNDS; round += 1) {
      accepted.push(...(await beginJobs(server, api)));
      if (round === 0) accepted.push(await callUnderWay(server, api, 'queue'));
      else longCall = await longCallUnderWay(server, other);
      accepted.push(...(await beginSome(api)));
      server.crash();
      await server.restart();
    }
    listed = await until('all jobs to be over', listOfEnded, RECOVERY_MS);
  },
  60_000 * ROUNDS + RECOVERY_MS,
);

afterAll(() => server.close());

/** All jobs, as the list shows them, once it shows all that were accepted as over. */
async function listOfEnded(): Promise<readonly ListedJobView[] | null> {
  const met: ListedJobView[] = [];
  for (let query = '?limit=100'; ;) {
    const { data, next_cursor: next } = await listJobs(api, query);
    met.push(...data);
    if (next === null) break;
    query = `?limit=100&after=${next}`;
  }
  const over = new Set(met.filter(({ terminal }) => terminal).map(({ id }) => id));
  return accepted.every(({ id }) => over.has(id)) ? met : null;
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

const ENDS = /^job\.(succeeded|partially_succeeded|failed|cancelled|expired|timed_out)$/;

test('every accepted job has ended as it would have without the crash, and only once', async () => {
  for (const { phase, job, end, events } of await stories()) {
    expect([phase, job.status], JSON.stringify(job.steps)).toEqual([phase, end]);
    const ends = events.filter(({ type }) => ENDS.test(type)).map(({ type }) => type);
    expect([phase, ...ends]).toEqual([phase, `job.${end}`]);
  }
});

test('every recorded result is used once', async () => {
  for (const { phase, job, events } of await stories()) {
    const named = (type: string) => events.filter((event) => event.type === type);
    const steps = named('step.succeeded').map(({ step }) => step);
    const succeeded = job.steps.filter(({ status }) => status === 'succeeded');
    expect(steps.map(String).toSorted(), phase).toEqual(succeeded.map(({ id }) => id).toSorted());
    const results = named('attempt.succeeded').map(({ step, item }) => `${step}[${item}]`);
    expect(new Set(results).size, phase).toBe(results.length);
  }
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
