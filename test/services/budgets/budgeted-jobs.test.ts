import { describe, expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import { budgetOf } from '../../support/ledger-world.ts';
import {
  asking,
  answering,
  BudgetedWorld,
  COST,
  LEAST_ESTIMATE,
  MINI,
  NANO,
  PARAMETERS,
} from './budgeted-world.ts';

describe('a paid call', () => {
  test('takes room for the most that it may cost, and leaves what it did cost', async () => {
    const world = new BudgetedWorld({});
    const job = await world.finish(asking());
    expect(job.status).toBe('succeeded');
    expect(job.cost.nano_usd).toBe(COST);
    const [reserved] = world.messages.flatMap(({ orders }) => orders);
    expect(reserved).toMatchObject({ kind: 'reserve', key: `${job.id}:a#1` });
    expect(reserved?.estimateNanoUsd).toBeGreaterThan(LEAST_ESTIMATE);
    expect(world.sums()).toEqual({ paid: COST, assumed: 0, reserved: 0, unknown: 0 });
  });

  test('that no budget counts asks no ledger, nor does one inside the Worker', async () => {
    const world = new BudgetedWorld({ scope: { kind: 'pipeline', value: 'another' } });
    await world.finish(asking());
    world.budgets = [budgetOf({})];
    const local = { targets: [{ provider: 'builtin', model: 'extractive-summary-1' }] };
    const step = { uses: 'model.summarize', route: local, with: { text: 'One. Two.' } } as const;
    expect((await world.finish(asking(step))).status).toBe('succeeded');
    expect(world.messages).toEqual([]);
  });

  test('that the provider refused costs nothing and leaves no room taken', async () => {
    const world = new BudgetedWorld({});
    world.answers = [() => Response.json({ error: { message: 'no' } }, { status: 400 })];
    expect((await world.finish(asking())).status).toBe('failed');
    expect(world.sums()).toEqual({ paid: 0, assumed: 0, reserved: 0, unknown: 0 });
  });

  test('whose cost nobody knows counts as its estimate', async () => {
    const world = new BudgetedWorld({});
    world.answers = [() => new Response('{', { status: 200 })];
    await world.finish(asking());
    const { assumed, ...others } = world.sums();
    expect(others).toEqual({ paid: 0, reserved: 0, unknown: 1 });
    expect(assumed).toBeGreaterThan(LEAST_ESTIMATE);
  });

  test('under a budget that only warns is told of once, and never refused', async () => {
    const world = new BudgetedWorld({ isHard: false, limitNanoUsd: 10 });
    const unpriced = { targets: [{ provider: 'openai', model: 'of-our-own' }] };
    expect((await world.finish(asking())).status).toBe('succeeded');
    expect((await world.finish(asking({ route: unpriced }))).status).toBe('succeeded');
    expect(world.messages.flatMap(({ orders }) => orders.map(({ kind }) => kind))).toEqual([
      'settle',
      'settle',
    ]);
    expect(world.sums()).toEqual({ paid: COST, assumed: 0, reserved: 0, unknown: 1 });
  });
});

describe('a call that does not fit', () => {
  const full = { limitNanoUsd: 100_000 };

  test('fails its step: nothing is sent and nothing charged, and the history says why', async () => {
    const world = new BudgetedWorld({ ...full, onExceed: 'reject' });
    const job = await world.finish(asking());
    expect(job).toMatchObject({ status: 'failed', cost: { nano_usd: 0, unpriced_attempts: 0 } });
    expect(job.steps[0]?.attempts[0]?.failure).toMatchObject({
      class: 'budget_exceeded',
      code: 'budget_exceeded',
      phase: 'not_sent',
    });
    expect(world.calls).toEqual([]);
    const told = world.driver
      .events(job.id as JobId)
      .find(({ type }) => type === 'budget.exceeded');
    expect(told?.data).toMatchObject({
      reason: 'budget_exceeded',
      budgetId: 'bud_0',
      limitNanoUsd: 100_000,
      spentNanoUsd: 0,
      reservedNanoUsd: 0,
    });
  });

  test('waits where its budget queues, and says for which; it is made once there is room', async () => {
    const world = new BudgetedWorld({ onExceed: 'queue' });
    world.ledger.nowMs = world.driver.nowMs;
    const [budget] = world.budgets;
    if (budget === undefined) throw new Error('there is a budget');
    world.ledger.settle([budget], 'paid#1', 950_000);
    const id = world.submit(asking());
    await world.run(id);
    expect(world.driver.snapshot(id).waitingOn).toMatchObject({ kind: 'budget', key: 'bud_0' });
    expect(world.calls).toEqual([]);
    world.budgets = [{ ...budget, limitNanoUsd: 2_000_000 }];
    await world.driver.pass(20 * 60_000);
    await world.run(id);
    expect((await world.view(id)).status).toBe('succeeded');
    const types = world.driver.events(id).map(({ type }) => type);
    expect(types.filter((type) => type === 'budget.exceeded')).toHaveLength(1);
  });

  test('goes to the first target of its route that fits, where its budget says cheaper', async () => {
    const world = new BudgetedWorld({ limitNanoUsd: 120_000, onExceed: 'cheaper' });
    const targets = [MINI, NANO].map((target) => ({ ...target, parameters: PARAMETERS }));
    const job = await world.finish(asking({ route: { targets } }));
    expect(job.status).toBe('succeeded');
    expect(job.steps[0]?.attempts).toMatchObject([
      {
        target: MINI,
        outcome: 'declined',
        declined: { reason: 'budget_cheaper', budget: 'bud_0' },
      },
      { target: NANO, outcome: 'succeeded' },
    ]);
    expect(world.calls).toHaveLength(1);
  });

  test('fails when none of the cheaper ones fits either', async () => {
    const world = new BudgetedWorld({ limitNanoUsd: 1_000, onExceed: 'cheaper' });
    const targets = [MINI, NANO].map((target) => ({ ...target, parameters: PARAMETERS }));
    const job = await world.finish(asking({ route: { targets } }));
    expect(job.steps[0]?.attempts[1]?.failure).toMatchObject({ class: 'budget_exceeded' });
    expect(world.calls).toEqual([]);
  });

  test('is refused under a hard cap when its target has no known price, and the next target is asked', async () => {
    const world = new BudgetedWorld({ onExceed: 'queue' });
    const unknown = { provider: 'openai', model: 'of-our-own' };
    const refused = await world.finish(asking({ route: { targets: [unknown] } }));
    expect(refused.steps[0]?.attempts[0]?.failure).toMatchObject({
      class: 'budget_exceeded',
      code: 'budget_unpriced',
    });
    const route = { targets: [unknown, { ...MINI, parameters: PARAMETERS }] };
    expect((await world.finish(asking({ route }))).status).toBe('succeeded');
    expect(world.calls).toHaveLength(1);
  });
});

describe('a ledger that does not answer', () => {
  test('keeps calls under hard caps waiting, and neither fails nor makes them', async () => {
    const world = new BudgetedWorld({});
    world.answersOrders = false;
    const id = world.submit(asking());
    const turn = world.run(id);
    await world.driver.pass(4_000);
    await turn;
    expect(world.driver.snapshot(id).waitingOn?.kind).toBe('budget');
    expect(world.calls).toEqual([]);
    world.answersOrders = true;
    await world.driver.pass(30_000);
    await world.run(id);
    expect((await world.view(id)).status).toBe('succeeded');
  });

  test('keeps no room for a call that was not made, because only its answers were lost', async () => {
    const world = new BudgetedWorld({});
    world.answersLost = 4;
    const id = world.submit(asking());
    const turn = world.run(id);
    await world.driver.pass(4_000);
    await turn;
    expect(world.calls).toEqual([]);
    await world.driver.pass(30_000);
    await world.run(id);
    expect((await world.view(id)).status).toBe('succeeded');
    world.driver.nowMs += 86_400_000;
    expect(world.sums()).toEqual({ paid: COST, assumed: 0, reserved: 0, unknown: 0 });
  });

  test('loses no cost: what it was not told stays as the estimate', async () => {
    const world = new BudgetedWorld({});
    world.answers = [
      () => {
        world.answersOrders = false;
        return answering({ body: null, signal: new AbortController().signal, key: null });
      },
    ];
    const id = world.submit(asking());
    const turn = world.run(id);
    await world.driver.pass(10_000);
    await turn;
    expect((await world.view(id)).status).toBe('succeeded');
    world.driver.nowMs += 3_600_000;
    expect(world.sums()).toMatchObject({ paid: 0, reserved: 0, unknown: 1 });
  });
});

test('a map’s calls share what they have to tell: fewer messages than orders', async () => {
  const world = new BudgetedWorld({ limitNanoUsd: 10_000_000 });
  const items = Array.from({ length: 24 }, (_, index) => `item ${index}`);
  const body = asking({ for_each: '${{ input.items }}' });
  const request = world.driver.request(body, { input: { items } });
  world.driver.shard.submit(request);
  await world.run(request.birth.id);
  expect((await world.view(request.birth.id)).status).toBe('succeeded');
  const orders = world.messages.flatMap((message) => message.orders);
  expect(orders).toHaveLength(48);
  expect(world.messages.length).toBeLessThan(orders.length);
  expect(world.sums()).toEqual({ paid: 24 * COST, assumed: 0, reserved: 0, unknown: 0 });
});
