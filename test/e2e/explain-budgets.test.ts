import { describe, expect, inject, test } from 'vitest';

import type { ExplanationView } from '../../src/services/views/explanation-schema.ts';
import { makeApi, newKey, newTenant, type Api } from './support/api.ts';
import { publish, run } from './support/jobs.ts';
import { chatPipeline, question } from './support/pipelines.ts';
import { COST, LONG, priced, pricedPipeline, target } from './support/priced-model.ts';
import { newModel, statsOf } from './support/simulator-client.ts';
import { until } from './support/until.ts';

async function explain(api: Api, name = 'asks'): Promise<ExplanationView> {
  const { input } = question(LONG);
  const answer = await api.send<ExplanationView>('POST', `/v1/pipelines/${name}/explain`, {
    input,
  });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

async function stepBudget(api: Api, name = 'asks') {
  return (await explain(api, name)).steps[0]?.budget;
}

const usd = (nanoUsd: number): number => nanoUsd / 1e9;

describe('an explanation', () => {
  test('says how budgets stand, what they would hold, and what they would make of the job', async () => {
    const api = await newTenant();
    const model = await pricedPipeline(api);
    const free = await explain(api);
    expect(free.budgets).toMatchObject({
      forecast: 'fits',
      refused_at_door: false,
      counted: [],
      job: { max_cost_usd: null, fits: null },
    });
    const [step] = free.steps;
    const reserve = Number(step?.targets[0]?.reserve_usd);
    expect(reserve).toBeGreaterThanOrEqual(usd(COST));
    expect(Number(free.budgets.job.bounds_usd)).toBe(reserve);

    const made = await api.send<{ id: string }>('POST', '/v1/budgets', {
      name: 'a test',
      period: 'total',
      limit_usd: 1,
    });
    const { id } = made.body;
    const change = (body: object) => api.send('PATCH', `/v1/budgets/${id}`, body);
    await run(api, question(LONG));
    const spent = await until('the cost to be told', async () => {
      const { budgets } = await explain(api);
      return budgets.counted?.[0]?.spent_usd === usd(COST).toFixed(9) && budgets;
    });
    expect(spent).toMatchObject({ forecast: 'fits', counted: [{ id, name: 'a test' }] });
    expect(spent.counted).toMatchObject([
      { limit_usd: '1.000000000', reserved_usd: '0.000000000' },
    ]);

    await change({ limit_usd: 1.5 * usd(COST) });
    expect(await stepBudget(api)).toMatchObject({ forecast: 'rejected', budget: id });
    expect((await explain(api)).budgets.refused_at_door).toBe(false);
    await change({ on_exceed: 'queue' });
    expect(await stepBudget(api)).toMatchObject({ forecast: 'waits', budget: id });
    const place = inject('shared');
    const { key } = await newKey(place, api.project, ['pipelines:read']);
    const unseen = await explain(makeApi(place.url, key));
    expect(unseen.budgets).toMatchObject({ forecast: 'waits', counted: null });
    expect(unseen.steps[0]?.budget).toMatchObject({ forecast: 'waits', budget: null });
    await change({ on_exceed: 'reject', limit_usd: usd(COST) });
    await until('the door to be shut', async () => {
      return (await explain(api)).budgets.refused_at_door === true;
    });
    expect(await statsOf(model)).toMatchObject({ paid: 1 });
  });

  test('goes through the targets of a route, and through the limits of jobs and their children', async () => {
    const api = await newTenant();
    const [dear, cheap, unpriced] = [newModel(), newModel(), newModel()];
    await priced(api, dear);
    await priced(api, cheap, '0.02', '0.08');
    const routed = (name: string, ...models: string[]) => ({
      ...chatPipeline(dear, { route: { targets: models.map(target) } }),
      name,
    });
    const limited = { ...routed('limited', dear), budget: { max_cost_usd: usd(COST) / 2 } };
    const sub = { id: 'sub', uses: 'pipeline', with: { pipeline: 'roomy', input: {} } };
    const input = { question: '${{ input.question }}' };
    await publish(api, routed('asks', dear, cheap));
    await publish(api, routed('hidden', unpriced));
    await publish(api, limited);
    await publish(api, routed('roomy', dear));
    await publish(api, {
      name: 'above',
      budget: { max_cost_usd: usd(COST) / 2 },
      steps: [{ ...sub, with: { ...sub.with, input } }],
    });
    expect(await stepBudget(api, 'limited')).toMatchObject({ forecast: 'rejected', budget: 'job' });
    expect((await explain(api, 'limited')).budgets.job).toMatchObject({ fits: false });
    const above = await explain(api, 'above');
    expect(above.budgets).toMatchObject({ forecast: 'rejected', job: { fits: false } });
    expect(above.steps[0]?.child).toMatchObject({
      budgets: { forecast: 'rejected', refused_at_door: null, job: { fits: false } },
    });
    await api.send('POST', '/v1/budgets', {
      name: 'cheap',
      period: 'total',
      limit_usd: usd(COST) / 2,
      on_exceed: 'cheaper',
    });
    expect(await stepBudget(api)).toMatchObject({ forecast: 'cheaper', target_index: 1 });
    expect(await stepBudget(api, 'hidden')).toMatchObject({ forecast: 'unpriced' });
  });
});
