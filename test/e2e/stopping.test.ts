import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import { newTenant, type Tenant } from './support/api.ts';
import {
  cancel,
  ended,
  eventsOf,
  jobWhen,
  listedWhen,
  post,
  publish,
  readJob,
  submit,
  typesOf,
} from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { chatPipeline, items, mapPipeline, plainPipeline, question } from './support/pipelines.ts';
import { newModel } from './support/simulator-client.ts';
import { until } from './support/until.ts';

// A server of its own, on which a call that hangs holds up its queue, so that jobs can be made to wait. Where several
// hang at once, the requests that submit them run the jobs instead.
let server: OwnServer;
beforeAll(async () => {
  server = await startOwnServer({ LOCAL_QUEUES: 'false' });
});
afterAll(() => server.close());

const callsOf = (model: string) =>
  server.simulator.journal().filter((call) => call.model === model);

/** A project whose pipeline `asks` asks a model that never answers. */
async function withHanging(step = {}, more = {}): Promise<{ api: Tenant; model: string }> {
  const model = newModel();
  server.simulator.addRules({ match: { model }, fault: { hang: true } });
  const api = await newTenant(server);
  await publish(api, chatPipeline(model, step, more));
  return { api, model };
}

const callUnderWay = (model: string) =>
  until('a call under way', () => callsOf(model).some((call) => call.ended === 'pending'));

/** The one thing that may follow the end of a job is a cost that comes to light. */
async function expectOneEnd(api: Tenant, id: string, type: string): Promise<void> {
  const types = typesOf(await eventsOf(api, id));
  const ends = types.filter((each) => /^job\.(?!queued|started|cancelling)/.test(each));
  expect(ends).toEqual([type]);
  const after = types.slice(types.indexOf(type) + 1);
  expect(after.filter((each) => each !== 'cost.adjusted')).toEqual([]);
}

describe('jobs that nobody has started', () => {
  test('are cancelled at once, expire in time, and are not paid for', async () => {
    const { api, model } = await withHanging({}, { timeouts: { job: '6s' } });
    const jobs: JobView[] = [];
    await until('a job that has to wait', async () => {
      jobs.push(await submit(api, question()));
      const { status } = await readJob(api, jobs.at(-1)?.id ?? '');
      return status === 'queued' && callsOf(model).length >= 2;
    });
    await publish(api, chatPipeline(model, {}, { name: 'waits' }));
    const body = { pipeline: 'waits', input: { question: 'x' } };
    // One for each queue and more, so that some of them wait whatever queue they are in.
    const waiting = await Promise.all(Array.from({ length: 8 }, () => submit(api, body)));
    const expiring = await Promise.all(
      Array.from({ length: 8 }, () => submit(api, { ...body, timeouts: { queue: '700ms' } })),
    );
    const called = callsOf(model).length;

    const cancelled = await Promise.all(waiting.map(({ id }) => cancel(api, id)));
    for (const { status, body: job } of cancelled) {
      expect([status, job.status]).toEqual([200, 'cancelled']);
      expect(job).toMatchObject({ started_at: null, output: null, cost: { nano_usd: 0 } });
      expect(job.steps[0]).toMatchObject({ status: 'cancelled', attempts: [] });
      await expectOneEnd(api, job.id, 'job.cancelled');
    }
    for (const { id } of expiring) {
      const job = await ended(api, id);
      expect(job).toMatchObject({ status: 'expired', started_at: null, cost: { nano_usd: 0 } });
      expect(job.steps[0]?.attempts).toEqual([]);
      await expectOneEnd(api, id, 'job.expired');
    }
    expect(callsOf(model)).toHaveLength(called);

    // What held up the queues ends at its own deadline.
    for (const { id } of jobs) {
      const job = await ended(api, id);
      expect(['timed_out', 'expired']).toContain(job.status);
      expect(Date.parse(job.finished_at ?? '')).toBeGreaterThanOrEqual(Date.parse(job.deadline_at));
    }
    const ids = [...jobs, ...waiting, ...expiring].map(({ id }) => id);
    await listedWhen(api, ids, '?limit=100', ({ terminal }) => terminal);
  });
});

test('a job whose time is up is timed out, and its call is broken off', async () => {
  const { api, model } = await withHanging();
  const { id } = await submit(api, { ...question(), timeouts: { job: '1500ms' } });
  const job = await ended(api, id);
  expect(job.status).toBe('timed_out');
  expect(job.steps[0]?.attempts).toHaveLength(1);
  await expectOneEnd(api, id, 'job.timed_out');
  await until('the call to be broken off', () =>
    callsOf(model).every((call) => call.ended === 'client_left'),
  );
  expect(callsOf(model)).toHaveLength(1);
});

test('a step whose time is up fails, whatever its attempts still had', async () => {
  const { api, model } = await withHanging({
    timeouts: { attempt: '400ms', step: '1s' },
    retry: { max_attempts: 20, base_delay: '1ms' },
  });
  const { id } = await submit(api, question());
  const job = await ended(api, id);
  expect(job).toMatchObject({ status: 'failed', status_reason: { code: 'timeout' } });
  expect(job.steps[0]).toMatchObject({ status: 'failed', stopped: 'deadline' });
  expect(callsOf(model).length).toBeLessThan(5);
});

describe('cancelling', () => {
  test.concurrent('a call that hangs is broken off, and the job ends as cancelled', async () => {
    const { api, model } = await withHanging();
    const { id } = await submit(api, question());
    await callUnderWay(model);
    const first = await cancel(api, id);
    expect([first.status, first.body.status]).toEqual([200, 'cancelling']);
    const second = await cancel(api, id);
    expect([second.status, second.body.status]).toEqual([200, 'cancelling']);
    const job = await ended(api, id, 30_000);
    expect(job.status).toBe('cancelled');
    expect(job.steps[0]?.attempts).toHaveLength(1);
    expect(job.steps[0]?.attempts[0]).toMatchObject({ failure: { class: 'cancelled' } });
    expect(callsOf(model).map((call) => call.ended)).toEqual(['client_left']);
    await expectOneEnd(api, id, 'job.cancelled');
    const types = typesOf(await eventsOf(api, id));
    expect(types.filter((type) => type === 'job.cancelling')).toHaveLength(1);
  });

  test.concurrent('reaches a job whose submitter waits for it', async () => {
    const { api, model } = await withHanging({ timeouts: { attempt: '60s' } });
    const key = { 'idempotency-key': 'the-one' };
    const waiting = post(api, question(), { ...key, prefer: 'wait=50' });
    await callUnderWay(model);
    const { body } = await post(api, question(), key);
    expect(body.status).toBe('running');
    await cancel(api, body.id);
    const answer = await waiting;
    expect([answer.status, answer.body.status]).toEqual([200, 'cancelled']);
    expect(answer.body.id).toBe(body.id);
    expect(callsOf(model).map((call) => call.ended)).toEqual(['client_left']);
  });

  test.concurrent('a job between two attempts ends at once', async () => {
    const api = await newTenant(server);
    const model = newModel();
    server.simulator.addRules({ match: { model }, fault: { status: 429, retry_after: 600 } });
    // Short enough for the request to run it by itself.
    await publish(api, chatPipeline(model, { timeouts: { attempt: '10s' } }));
    const { body } = await post(api, question(), { prefer: 'wait=1' });
    const { id } = await jobWhen(api, body.id, (job) => job.waiting_on?.kind === 'rate_limit');
    expect((await cancel(api, id)).body.status).toBe('cancelled');
    expect(callsOf(model)).toHaveLength(1);
    await expectOneEnd(api, id, 'job.cancelled');
  });

  test.concurrent('starts no further item of a map, and keeps what is done', async () => {
    const api = await newTenant(server);
    const model = newModel();
    server.simulator.addRules(
      { match: { model }, times: 3, fault: {}, reply: { text: 'done' } },
      { match: { model }, fault: { hang: true } },
    );
    await publish(api, mapPipeline(model, { max_concurrency: 2 }));
    const key = { 'idempotency-key': 'the-map' };
    const waiting = post(api, items(9), { ...key, prefer: 'wait=50' });
    await callUnderWay(model);
    const { id } = (await post(api, items(9), key)).body;
    await jobWhen(api, id, (job) => job.steps[0]?.items?.succeeded === 3);
    await cancel(api, id);
    const { body: job } = await waiting;
    expect(job).toMatchObject({ status: 'cancelled', output: null });
    expect(job.steps[0]).toMatchObject({ status: 'cancelled' });
    const events = await eventsOf(api, id);
    expect(typesOf(events).filter((type) => type === 'attempt.succeeded')).toHaveLength(3);
    expect(callsOf(model)).toHaveLength(5);
    await expectOneEnd(api, id, 'job.cancelled');
  });

  test.concurrent('a job that is over changes nothing', async () => {
    const api = await newTenant(server);
    await publish(api, plainPipeline('plain'));
    const { body } = await post(
      api,
      { pipeline: 'plain', input: { text: 'words' } },
      { prefer: 'wait=60' },
    );
    expect(body.status).toBe('succeeded');
    const before = await eventsOf(api, body.id);
    const answer = await cancel(api, body.id);
    expect([answer.status, answer.body]).toEqual([200, body]);
    expect(await eventsOf(api, body.id)).toEqual(before);
  });
});
