import { expect, test } from 'vitest';

import { projectId } from '../../../src/domain/ids.ts';
import type { ProjectPrice } from '../../../src/domain/model/price.ts';
import { orderOf } from '../../../src/engine/routes/routing.ts';
import { routePrices } from '../../../src/services/jobs/route-prices.ts';
import { EngineDriver, type DefinitionBody } from '../../support/engine-driver.ts';

const project = projectId('prj_test');
const machine = { nowMs: () => 1_000 };
const [a, b, c] = ['a', 'b', 'c'].map((model) => ({ provider: 'openai', model }));
const targets = [a, b, c].flatMap((target) => target ?? []);

type Route = Exclude<NonNullable<DefinitionBody['steps'][number]['route']>, string>;

function job(mode: 'cheapest' | 'fallback', inside = false): EngineDriver {
  const route: Route = { strategy: { mode }, targets };
  const outer: Route = inside ? { targets: [{ route: { strategy: { mode }, targets } }] } : route;
  return new EngineDriver({ steps: [{ id: 's', uses: 'model.chat', route: outer }] });
}

function price(model: string, rest: Partial<ProjectPrice>): ProjectPrice {
  return {
    id: `prc_${model}`,
    provider: 'openai',
    model,
    execution: 'standard',
    prices: { million_input_tokens: '1', million_output_tokens: '5' },
    effectiveFromMs: 0,
    effectiveToMs: null,
    createdAtMs: 0,
    createdBy: 'key_1',
    ...rest,
  };
}

const prices = [
  price('a', {}),
  price('b', { execution: 'batch' }),
  price('c', { effectiveFromMs: 2_000 }),
];
const deps = { machine, prices: { list: () => Promise.resolve(prices) } };

const unreadable = { list: () => Promise.reject(new Error('D1 is away')) };

test.each([false, true])('a project’s own prices go with the job (inside: %s)', async (inside) => {
  const { plan } = job('cheapest', inside);
  // Three read to one written: (3 × 1 + 5) / 4 dollars. For batches alone a price says nothing, one to come neither.
  expect(await routePrices(deps, project, plan)).toEqual({
    prices: { 'openai/a': 2_000_000_000, 'openai/b': null },
  });
});

test('where no prices are compared none are read', async () => {
  const { plan } = job('fallback');
  expect(await routePrices({ machine, prices: unreadable }, project, plan)).toEqual({});
});

test('prices that cannot be read leave the list’s', async () => {
  const logged: string[] = [];
  const log = (_level: string, type: string) => void logged.push(type);
  const { plan } = job('cheapest');
  expect(await routePrices({ machine, log, prices: unreadable }, project, plan)).toEqual({});
  expect(logged).toEqual(['prices.unread']);
});

test('the order of a cheapest route goes by them, and by lists where there are none', () => {
  const listed: Readonly<Record<string, number>> = { a: 9, b: 1, c: 5 };
  const { state, plan } = job('cheapest');
  const [step] = plan.steps;
  if (step === undefined) throw new Error('no step');
  const world = {
    nowMs: 0,
    random: () => 0,
    target: ({ model }: { readonly model: string }) => ({
      usable: true as const,
      local: false,
      costNanoUsdPerMTok: listed[model] ?? null,
    }),
    control: () => ({ kind: 'absent' as const }),
    item: () => undefined,
  };
  const orderWith = (own: Readonly<Record<string, number | null>> | null) =>
    orderOf(
      step,
      null,
      { ...state, birth: { ...state.birth, ...(own === null ? {} : { prices: own }) } },
      world,
    );
  expect(orderWith(null)).toMatchObject({ indexes: [1, 2, 0] });
  expect(orderWith({ 'openai/a': 2 })).toMatchObject({ indexes: [1, 0, 2] });
  expect(orderWith({ 'openai/b': null })).toMatchObject({ indexes: [2, 0, 1] });
});
