import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';

import type { JsonObject } from '../../src/domain/json.ts';
import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import { newTenant, type Api } from './support/api.ts';
import { ended, eventsOf, post, publish, submit, typesOf } from './support/jobs.ts';
import { chatPipeline, mapPipeline, question } from './support/pipelines.ts';
import { expectProblem } from './support/problem.ts';
import { addRules, newModel, statsOf } from './support/simulator-client.ts';

const USAGE = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
/** 1,000 × 2,000 + 100 × 8,000 nano-dollars, by the prices that `priced` sets. */
const COST = 2_800_000;

/** A model of the simulator that says that it used so much, and takes its time. */
async function modelAfter(delayMs: number): Promise<string> {
  const model = newModel();
  const fault = delayMs === 0 ? {} : { latency_ms: delayMs };
  await addRules({ match: { model }, fault, reply: { text: 'Fine.', usage: USAGE } });
  return model;
}

async function priced(api: Api, model: string): Promise<void> {
  const prices = { million_input_tokens: '2.00', million_output_tokens: '8.00' };
  await api.send('PUT', '/v1/prices', { provider: 'openai', model, prices });
}

async function cachedPipeline(api: Api, model: string, cache: JsonObject): Promise<void> {
  await publish(api, chatPipeline(model, { cache }));
}

async function paid(model: string): Promise<number> {
  return (await statsOf(model))?.paid ?? 0;
}

/** The answer comes once what the job leaves in the cache is there. */
async function run(api: Api, body: JsonObject, headers: Record<string, string> = {}) {
  const job: JobView = await submit(api, body, { prefer: 'wait=30', ...headers });
  expect(job.terminal).toBe(true);
  return job;
}

const both = { mode: 'read_write' };

describe('a cached step', () => {
  test('takes over the result of an identical call: no cost, and what it saved is shown', async () => {
    const api = await newTenant();
    const model = await modelAfter(0);
    await priced(api, model);
    await cachedPipeline(api, model, both);
    const first = await run(api, question());
    const second = await run(api, question());
    expect(await paid(model)).toBe(1);
    expect(first.cost).toMatchObject({ nano_usd: COST, unpriced_attempts: 0 });
    expect(second).toMatchObject({ status: 'succeeded', output: first.output });
    expect(second.cost).toMatchObject({ nano_usd: 0, unpriced_attempts: 0 });
    expect(second.steps[0]?.attempts).toMatchObject([
      { outcome: 'succeeded', cost_nano_usd: 0, cache_hit: true, saved_nano_usd: COST },
    ]);
    const events = await eventsOf(api, second.id);
    const hit = events.find(({ type }) => type === 'cache.hit');
    expect(hit).toMatchObject({ step: 'ask', attempt: 1, data: { saved_nano_usd: COST } });
    expect(Date.parse(String(hit?.data['created_at']))).toBeLessThanOrEqual(
      Date.parse(hit?.at ?? ''),
    );
    expect(typesOf(await eventsOf(api, first.id))).not.toContain('cache.hit');
    // The input differs, and so does the call.
    await run(api, question('And you?'));
    expect(await paid(model)).toBe(2);
  });

  test('asks again after its `ttl`, on request, and in the modes that do not take over', async () => {
    const api = await newTenant();
    const model = await modelAfter(0);
    await cachedPipeline(api, model, { ...both, ttl: '2s' });
    await run(api, question());
    await sleep(2_100);
    await run(api, question());
    expect(await paid(model)).toBe(2);
    await cachedPipeline(api, model, both);
    await run(api, question(), { 'penstock-cache': 'bypass' });
    expect(await paid(model)).toBe(3);
    await run(api, question(), { 'penstock-cache': 'refresh' });
    expect(await paid(model)).toBe(4);
    await run(api, question());
    expect(await paid(model)).toBe(4);
    await cachedPipeline(api, model, { mode: 'off' });
    await run(api, question());
    expect(await paid(model)).toBe(5);
    const answer = await post(api, question(), { 'penstock-cache': 'never' });
    const at = { '/headers/penstock-cache': /bypass or refresh/ };
    expectProblem(answer, { status: 400, code: 'invalid_request', at });
  });

  test('never leaves an output that its check refuses', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, reply: { json: { y: 1 } } });
    const schema = { type: 'object', required: ['x'] };
    await publish(api, chatPipeline(model, { cache: both, check: { schema } }));
    const [one, two] = [await run(api, question()), await run(api, question())];
    expect([one.status, two.status]).toEqual(['failed', 'failed']);
    expect(await paid(model)).toBe(2);
  });

  test('is shared by the items of a map', async () => {
    const api = await newTenant();
    const model = await modelAfter(200);
    await publish(api, mapPipeline(model, { cache: { ...both, single_flight: true } }));
    const input = { items: ['same', 'same', 'other', 'same'] };
    const job = await run(api, { pipeline: 'asks-all', input });
    expect(job).toMatchObject({ status: 'succeeded', output: { answers: Array(4).fill('Fine.') } });
    expect(await paid(model)).toBe(2);
  });
});

describe('identical calls at the same time', () => {
  const shared = { ...both, single_flight: true };

  test('become one: fifty jobs, one paid call', async () => {
    const api = await newTenant();
    const model = await modelAfter(1_500);
    await priced(api, model);
    await cachedPipeline(api, model, shared);
    const jobs = await Promise.all(Array.from({ length: 50 }, () => submit(api, question())));
    const over = await Promise.all(jobs.map(({ id }) => ended(api, id)));
    expect(over.map(({ status }) => status)).toEqual(Array(50).fill('succeeded'));
    expect(await paid(model)).toBe(1);
    const costs = over.map(({ cost }) => cost.nano_usd);
    expect(costs.filter((cost) => cost > 0)).toEqual([COST]);
  });

  test('are led by the next one when the first fails', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules(
      { match: { model }, times: 1, fault: { status: 400, latency_ms: 500 } },
      { match: { model }, reply: { text: 'Fine.' } },
    );
    await publish(api, chatPipeline(model, { cache: shared, retry: { max_attempts: 1 } }));
    const jobs = await Promise.all(Array.from({ length: 6 }, () => submit(api, question())));
    const over = await Promise.all(jobs.map(({ id }) => ended(api, id)));
    const statuses = over.map(({ status }) => status).toSorted();
    expect(statuses).toEqual(['failed', ...Array(5).fill('succeeded')]);
    expect(await paid(model)).toBe(1);
  });

  test('of two projects stay two', async () => {
    const model = await modelAfter(300);
    const run1 = async () => {
      const api = await newTenant();
      await cachedPipeline(api, model, shared);
      return run(api, question());
    };
    const over = await Promise.all([run1(), run1()]);
    expect(over.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
    expect(await paid(model)).toBe(2);
  });
});
