import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { JsonObject } from '../../src/domain/json.ts';
import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import type { Fault } from '../support/simulator/types.ts';
import { newTenant, type Tenant } from './support/api.ts';
import { cancel, ended, jobWhen, post, publish, readJob, submit } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { chatPipeline, plainPipeline } from './support/pipelines.ts';
import { newModel } from './support/simulator-client.ts';
import { until } from './support/until.ts';

// A server of its own: one test kills it, and the others count what reaches its provider.
let server: OwnServer;
beforeAll(async () => {
  server = await startOwnServer();
});
afterAll(() => server.close());

const byCustomer = (limit: number) => ({
  concurrency: { key: '${{ input.customer }}', limit },
});

const ofCustomer = (customer: string) => ({
  pipeline: 'asks',
  input: { question: 'How are you?', customer },
});

const statsOf = (model: string) => server.simulator.stats().by_model[model];

/** A project whose pipeline asks a model that takes its time. */
async function withModel(more: JsonObject, fault: Fault): Promise<{ api: Tenant; model: string }> {
  const model = newModel();
  server.simulator.addRules({ match: { model }, fault });
  const api = await newTenant(server);
  await publish(api, chatPipeline(model, {}, more));
  return { api, model };
}

async function allEnded(api: Tenant, jobs: readonly JobView[]): Promise<readonly JobView[]> {
  return Promise.all(jobs.map(({ id }) => ended(api, id, 150_000)));
}

describe('a limit on a pipeline', () => {
  test('is never passed by 500 jobs that are submitted at once', { timeout: 240_000 }, async () => {
    const { api, model } = await withModel({ concurrency: { limit: 7 } }, { latency_ms: 50 });
    const jobs: JobView[] = [];
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        for (let count = 0; count < 10; count += 1) {
          jobs.push(await submit(api, ofCustomer('one')));
        }
      }),
    );
    await until(
      'the provider has answered 500 calls',
      () => (statsOf(model)?.requests ?? 0) >= 500 && statsOf(model)?.in_flight === 0,
      200_000,
    );
    const over = await allEnded(api, jobs);
    expect(new Set(over.map(({ status }) => status))).toEqual(new Set(['succeeded']));
    expect(statsOf(model)).toMatchObject({ requests: 500, peak_concurrency: 7 });
  });

  test('under one key does not hold up another', async () => {
    const { api, model } = await withModel(byCustomer(1), { hang: true });
    const busy = await submit(api, ofCustomer('busy'));
    await until('the call of the busy key', () => statsOf(model)?.in_flight === 1);
    const next = await submit(api, ofCustomer('busy'));
    await submit(api, ofCustomer('free'));
    await until('the call of the free key', () => statsOf(model)?.in_flight === 2);
    const waiting = await readJob(api, next.id);
    expect(waiting.status).toBe('queued');
    expect(waiting.waiting_on).toEqual({ kind: 'concurrency', key: 'asks:busy', until: null });
    await cancel(api, busy.id);
  });

  test('lets a job that waits be cancelled', async () => {
    const { api, model } = await withModel(byCustomer(1), { hang: true });
    await submit(api, ofCustomer('a'));
    await until('the first call', () => statsOf(model)?.in_flight === 1);
    const { id } = await submit(api, ofCustomer('a'));
    await jobWhen(api, id, (job) => job.waiting_on?.kind === 'concurrency');
    expect((await cancel(api, id)).body.status).toBe('cancelled');
    expect(statsOf(model)?.requests).toBe(1);
  });

  test('is kept by a request that waits for its job', async () => {
    const { api, model } = await withModel({ concurrency: { limit: 1 } }, { latency_ms: 30 });
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((customer) => post(api, ofCustomer(customer), { prefer: 'wait=30' })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(statsOf(model)?.peak_concurrency).toBe(1);
  });
});

test('limits and those who wait survive kill -9', { timeout: 240_000 }, async () => {
  const { api, model } = await withModel({ concurrency: { limit: 2 } }, { latency_ms: 400 });
  const jobs = await Promise.all(Array.from({ length: 12 }, () => submit(api, ofCustomer('one'))));
  await until('two calls', () => statsOf(model)?.in_flight === 2);
  server.crash();
  await server.restart();
  const over = await allEnded(api, jobs);
  expect(new Set(over.map(({ status }) => status))).toEqual(new Set(['succeeded']));
  expect(statsOf(model)?.peak_concurrency).toBe(2);
});

const asRoot = (path: string, method: string, body: object) =>
  fetch(`${server.url}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${server.rootKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

describe('a limit on a project', () => {
  test('is set by the root key, and holds for all its pipelines together', async () => {
    const { api, model } = await withModel({}, { latency_ms: 60 });
    const limited = await asRoot(`/projects/${api.project}`, 'PATCH', { max_concurrent_jobs: 2 });
    expect(limited.status).toBe(200);
    expect(await limited.json()).toMatchObject({ id: api.project, max_concurrent_jobs: 2 });
    const jobs = await Promise.all(Array.from({ length: 12 }, () => submit(api, ofCustomer('x'))));
    await allEnded(api, jobs);
    expect(statsOf(model)?.peak_concurrency).toBe(2);
  });

  test.each([
    [{ max_concurrent_jobs: 0 }, 422],
    [{ max_concurrent_jobs: 'many' }, 422],
    [{}, 422],
  ])('refuses %j', async (body, status) => {
    const answer = await asRoot('/projects/prj_default', 'PATCH', body);
    expect([400, status]).toContain(answer.status);
  });

  test('is nobody else’s to set, and not for a project that is not there', async () => {
    const api = await newTenant(server);
    const own = await api.send('PATCH', `/v1/projects/${api.project}`, { max_concurrent_jobs: 9 });
    expect(own.status).toBe(403);
    const missing = await asRoot('/projects/prj_nobody', 'PATCH', { max_concurrent_jobs: 9 });
    expect(missing.status).toBe(404);
  });
});

describe('a key that cannot be', () => {
  test.each([
    ['absent', {}, 'input.customer'],
    ['a list', { customer: ['a'] }, 'it gives a list'],
    ['too long', { customer: 'x'.repeat(201) }, 'at most 200'],
  ])('%s is refused with its expression', async (_, input, sentence) => {
    const api = await newTenant(server);
    const definition = plainPipeline('keyed', { ...byCustomer(1), input: {} });
    await publish(api, definition);
    const answer = await post(api, { pipeline: 'keyed', input: { text: 'x', ...input } });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('${{ input.customer }}');
    expect(answer.text).toContain(sentence);
  });

  test('reads a step: refused when it is published', async () => {
    const api = await newTenant(server);
    const definition = plainPipeline('keyed', {
      concurrency: { key: '${{ steps.clean.output.text }}', limit: 1 },
    });
    const answer = await api.send('PUT', '/v1/pipelines/keyed', definition);
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('/concurrency/key');
  });
});
