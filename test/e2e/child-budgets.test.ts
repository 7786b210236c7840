import { describe, expect, test } from 'vitest';

import type { JsonObject } from '../../src/domain/json.ts';
import { newTenant, type Api } from './support/api.ts';
import { ended, eventsOf, publish, submit } from './support/jobs.ts';
import { plainPipeline } from './support/pipelines.ts';
import { COST, LONG, pricedPipeline, usdFor } from './support/priced-model.ts';
import { statsOf } from './support/simulator-client.ts';

const CALLS = 5;

/** A pipeline that runs another one for each number below `items`, all at once. */
async function fanOut(
  api: Api,
  name: string,
  below: string,
  items: number,
  more: JsonObject = {},
): Promise<void> {
  const list = JSON.stringify(Array.from({ length: items }, (_, index) => index));
  await publish(api, {
    name,
    steps: [
      {
        id: 'each',
        uses: 'pipeline',
        for_each: `\${{ ${list} }}`,
        max_concurrency: items,
        on_item_failure: 'continue',
        with: { pipeline: below, input: { question: '${{ input.question }}' } },
      },
    ],
    ...more,
  });
}

const limit = { budget: { max_cost_usd: usdFor(CALLS) } };

async function run(api: Api, pipeline: string) {
  const { id } = await submit(api, { pipeline, input: { question: LONG } });
  return ended(api, id, 240_000);
}

describe('the limit of a job', () => {
  test('holds over children that run at once, and lets as many pay as it can', async () => {
    const api = await newTenant();
    const model = await pricedPipeline(api, {}, 100);
    await fanOut(api, 'parent', 'asks', 40, limit);
    const job = await run(api, 'parent');
    expect(job.status).toBe('partially_succeeded');
    expect(await statsOf(model)).toMatchObject({ paid: CALLS });
    expect(job.cost).toMatchObject({ nano_usd: CALLS * COST, unpriced_attempts: 0 });
    const told = (await eventsOf(api, job.id)).filter(({ type }) => type === 'budget.exceeded');
    expect(told.map(({ data }) => data)).toContainEqual(
      expect.objectContaining({ budget_id: 'job', reason: 'budget_exceeded' }),
    );
  }, 300_000);

  test('holds over children that say what they may cost, and over their children', async () => {
    const api = await newTenant();
    const model = await pricedPipeline(api);
    const most = { budget: { max_cost_usd: usdFor(2) } };
    await fanOut(api, 'middle', 'asks', 2, most);
    await fanOut(api, 'top', 'middle', 3, limit);
    const job = await run(api, 'top');
    const paid = (await statsOf(model))?.paid ?? 0;
    expect(paid).toBeLessThanOrEqual(CALLS);
    expect(paid).toBeGreaterThanOrEqual(CALLS - 1);
    expect(job.cost).toMatchObject({ nano_usd: paid * COST, unpriced_attempts: 0 });
  }, 300_000);

  test('does not hold up children that cannot pay, also where nothing is left', async () => {
    const api = await newTenant();
    const model = await pricedPipeline(api);
    await publish(api, plainPipeline('plain'));
    const plain = { pipeline: 'plain', input: { text: '${{ input.question }}' } };
    const asks = { pipeline: 'asks', input: { question: '${{ input.question }}' } };
    await publish(api, {
      name: 'both',
      budget: { max_cost_usd: 1e-9 },
      steps: [
        { id: 'paid', uses: 'pipeline', with: asks, on_failure: 'continue' },
        { id: 'free', uses: 'pipeline', with: plain },
      ],
    });
    const job = await run(api, 'both');
    expect(job.status).toBe('partially_succeeded');
    expect(job.steps.map(({ id, status }) => `${id} ${status}`).toSorted()).toEqual([
      'free succeeded',
      'paid failed',
    ]);
    expect(job.steps.find(({ id }) => id === 'paid')?.error).toMatchObject({
      class: 'budget_exceeded',
      phase: 'not_sent',
    });
    expect(await statsOf(model)).toBeUndefined();
  }, 120_000);
});
