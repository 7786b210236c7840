import { describe, expect, test } from 'vitest';

import type { JsonObject } from '../../src/domain/json.ts';
import { newTenant, type Api } from './support/api.ts';
import { ended, eventsOf, jobWhen, publish, run, submit } from './support/jobs.ts';
import { chatPipeline, question } from './support/pipelines.ts';
import { addRules, callsOf, newModel } from './support/simulator-client.ts';
import { until } from './support/until.ts';

/** Longer than any test waits: who is this slow does not answer here. */
const SLOW_MS = 45_000;
const AFTER_MS = 300;

type Pair = { readonly api: Api; readonly first: string; readonly second: string };

/** A project whose pipeline asks a second model when the first one takes long, at prices that the project knows. */
async function hedging(step: JsonObject = {}): Promise<Pair> {
  const [first, second] = [newModel(), newModel()];
  const api = await newTenant();
  for (const [provider, model] of [
    ['openai', first],
    ['groq', second],
  ]) {
    const prices = { million_input_tokens: '1000', million_output_tokens: '1000' };
    const answer = await api.send('PUT', '/v1/prices', { provider, model, prices });
    expect(answer.status, answer.text).toBeLessThan(300);
  }
  const route = {
    hedge: { after: `${AFTER_MS}ms` },
    targets: [
      { provider: 'openai', model: first },
      { provider: 'groq', model: second },
    ],
  };
  await publish(api, chatPipeline('', { route, ...step }));
  return { api, first, second };
}

/** The only call that a model has got, once it is over. */
async function onlyCall(model: string) {
  return until(`a call of ${model}`, async () => {
    const [call, ...more] = await callsOf(model);
    expect(more).toEqual([]);
    return call !== undefined && call.ended !== 'pending' && call;
  });
}

describe('a target that takes long', () => {
  test('is overtaken by the second one: its call is cut off, and counts as unpriced', async () => {
    const { api, first, second } = await hedging();
    await addRules({ match: { model: first }, fault: { latency_ms: SLOW_MS } });
    const job = await run(api, question());
    expect(job.status).toBe('succeeded');
    expect(job.steps[0]?.attempts).toMatchObject([
      { attempt: 1, outcome: 'superseded', target: { model: first } },
      { attempt: 2, outcome: 'succeeded', target: { model: second }, hedge_of: 1 },
    ]);
    const [slow, quick] = [await onlyCall(first), await onlyCall(second)];
    expect(slow.ended).toBe('client_left');
    expect(quick.ended).toBe('answered');
    expect(Date.parse(quick.at)).toBeGreaterThan(Date.parse(slow.at));
    // What it had done by then nobody can tell.
    const told = await jobWhen(
      api,
      job.id,
      ({ steps }) => steps[0]?.attempts[0]?.latency_ms !== undefined,
    );
    expect(told.cost).toMatchObject({ unpriced_attempts: 1 });
    expect(told.cost.nano_usd).toBeGreaterThan(0);
    const history = await eventsOf(api, job.id);
    expect(history.map(({ type, attempt }) => `${type} ${attempt ?? ''}`)).toEqual(
      expect.arrayContaining([
        'attempt.started 2',
        'attempt.superseded 1',
        'attempt.succeeded 2',
        'cost.adjusted 1',
      ]),
    );
  });

  test('whose answer is the first valid one is used all the same, and both are paid', async () => {
    const { api, first, second } = await hedging({
      check: {
        schema: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } },
      },
    });
    const reply = { json: { n: 7 } };
    await addRules(
      { match: { model: first }, fault: { latency_ms: 1_500 }, reply },
      { match: { model: second }, reply: { json: { m: 'no number' } } },
    );
    const job = await run(api, question());
    expect(job.status).toBe('succeeded');
    expect(job.steps[0]?.attempts).toMatchObject([
      { attempt: 2, outcome: 'failed', hedge_of: 1, failure: { class: 'output_invalid' } },
      { attempt: 1, outcome: 'succeeded' },
    ]);
    const costs = job.steps[0]?.attempts.map(({ cost_nano_usd }) => cost_nano_usd ?? 0) ?? [];
    expect(costs.every((cost) => cost > 0)).toBe(true);
    expect(job.cost).toMatchObject({
      nano_usd: costs.reduce((sum, cost) => sum + cost, 0),
      unpriced_attempts: 0,
    });
    await onlyCall(first);
    await onlyCall(second);
  });

  test('and its second one are both stopped by a cancel', async () => {
    const { api, first, second } = await hedging();
    await addRules(
      { match: { model: first }, fault: { latency_ms: SLOW_MS } },
      { match: { model: second }, fault: { latency_ms: SLOW_MS } },
    );
    const { id } = await submit(api, question());
    await until('both calls', async () => (await callsOf(second)).length === 1);
    expect((await api.send('POST', `/v1/jobs/${id}/cancel`)).status).toBe(200);
    expect(await ended(api, id)).toMatchObject({ status: 'cancelled' });
    expect((await onlyCall(first)).ended).toBe('client_left');
    expect((await onlyCall(second)).ended).toBe('client_left');
  });
});

test('a target that answers in time is the only one that is asked', async () => {
  const { api, first, second } = await hedging();
  const job = await run(api, question());
  expect(job.steps[0]?.attempts).toHaveLength(1);
  await onlyCall(first);
  expect(await callsOf(second)).toEqual([]);
});
