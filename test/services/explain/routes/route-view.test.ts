import { describe, expect, test } from 'vitest';

import { definitionSchema } from '../../../../src/domain/definition/definition.ts';
import type { Json, JsonObject } from '../../../../src/domain/json.ts';
import type {
  ForeseenStep,
  Foresight,
} from '../../../../src/services/explain/foresight/foresight.ts';
import { routeView } from '../../../../src/services/explain/routes/route-view.ts';
import type { ProjectPrice } from '../../../../src/domain/model/price.ts';
import type { TargetHealth } from '../../../../src/domain/model/target-gate.ts';
import type { TargetDesk } from '../../../../src/services/ports/targets/target-desk.ts';
import { planOf } from '../../../support/engine-driver.ts';

/** How targets are, by model; the gates of the others do not answer. */
const healthOf = new Map<string, TargetHealth>();

function health(more: Partial<TargetHealth>): TargetHealth {
  const nothing = { count: 0, p50: null, p95: null, p99: null };
  return {
    state: 'closed',
    reason: null,
    because: null,
    sinceMs: null,
    nextProbeAtMs: null,
    held: null,
    released: null,
    errors: [],
    alerts: [],
    calls: { good: 0, bad: 0 },
    latencyMs: nothing,
    timeToFirstTokenMs: nothing,
    limits: {},
    room: { requests: null, tokens: null, concurrency: null },
    ...more,
  };
}

function took(p50: number, count = 100): TargetHealth {
  return health({ latencyMs: { count, p50, p95: p50, p99: p50 } });
}

const desk = {
  view: ({ provider }) =>
    provider === 'groq'
      ? { usable: false, reason: 'not configured: set GROQ_API_KEY' }
      : { usable: true, local: false },
  health: ({ model }) => Promise.resolve(healthOf.get(model) ?? null),
} as Pick<TargetDesk, 'view' | 'health'> as TargetDesk;

const price: ProjectPrice = {
  id: 'prc_1',
  provider: 'openai',
  model: 'b',
  execution: 'standard',
  prices: { million_input_tokens: '1', million_output_tokens: '1' },
  effectiveFromMs: 0,
  effectiveToMs: null,
  createdAtMs: 0,
  createdBy: 'key_1',
};

async function viewed(route: JsonObject, input: Json) {
  const event = { id: 'event', uses: 'wait', with: { event: 'go' } };
  const ask = { id: 'ask', uses: 'model.embed', needs: ['event'], route, with: { texts: ['a'] } };
  const plan = planOf(definitionSchema.parse({ name: 'p', steps: [event, ask] }));
  const unknown: ForeseenStep = {
    runs: true,
    standsBy: false,
    status: 'succeeded',
    error: null,
    output: { known: false },
  };
  const foresight: Foresight = {
    plan,
    input,
    metadata: {},
    job: {},
    steps: new Map([['event', unknown]]),
  };
  const step = plan.byId.get('ask');
  if (step === undefined) throw new Error('there is no step');
  const known = { projectPrices: [price], nowMs: 1 };
  const view = await routeView({ desk, foresight, ...known }, step, null);
  const targets = view.targets.map(({ target, skip }) => [target.model, skip?.reason ?? null]);
  const compared = Object.fromEntries(
    view.targets.map((one) => [one.target.model, one.compared] as const),
  );
  return { ...view, targets, compared };
}

function openai(model: string, more: JsonObject = {}): JsonObject {
  return { provider: 'openai', model, ...more };
}

function conditional(when: string): JsonObject {
  return {
    strategy: { mode: 'conditional' },
    targets: [openai('a', { when }), openai('b')],
  };
}

function balanced(key?: string): JsonObject {
  return {
    strategy: { mode: 'loadbalance', ...(key === undefined ? {} : { key }) },
    targets: [openai('a'), openai('b')],
  };
}

describe('the view of a route', () => {
  test('says which targets are passed over, in order', async () => {
    const targets = [{ provider: 'groq', model: 'a' }, openai('b')];
    expect((await viewed({ targets }, {})).targets).toEqual([
      ['a', 'not_configured'],
      ['b', null],
    ]);
  });

  test('takes the branch whose condition is true, and none that is not known', async () => {
    const long = await viewed(conditional('${{ size(input.text) > 3 }}'), { text: 'long' });
    expect(long).toMatchObject({ unknownOrder: null, variesByJob: false });
    expect(long.targets).toEqual([
      ['a', null],
      ['b', 'not_in_order'],
    ]);
    const unknown = await viewed(conditional('${{ steps.event.output.big }}'), {});
    expect(unknown.unknownOrder).toMatch(/steps\.event\.output\.big/);
    expect(unknown.targets).toEqual([
      ['a', null],
      ['b', null],
    ]);
  });

  test('compares by what gates have measured, where enough calls were, and by a project’s own prices', async () => {
    healthOf.set('a', took(900)).set('b', took(300)).set('c', took(10, 4));
    const all = [openai('a'), openai('b'), openai('c')];
    const fastest = await viewed({ strategy: { mode: 'fastest' }, targets: all }, {});
    expect(fastest.targets.map(([model]) => model)).toEqual(['b', 'a', 'c']);
    expect(fastest.compared).toEqual({
      a: { nanoUsdPerMTok: null, priceSource: null, latencyMs: 900 },
      b: { nanoUsdPerMTok: 1_000_000_000, priceSource: 'project', latencyMs: 300 },
      c: { nanoUsdPerMTok: null, priceSource: null, latencyMs: null },
    });
    const cheapest = await viewed({ strategy: { mode: 'cheapest' }, targets: all }, {});
    expect(cheapest.targets.map(([model]) => model)).toEqual(['b', 'a', 'c']);
    expect((await viewed({ targets: all }, {})).compared).toMatchObject({ a: null });
  });

  test.each([
    ['overloaded', 'overloaded', [null, 'closed']],
    ['overloaded', 'timeout', ['not_in_order', 'closed']],
    ['auth', 'general', [null, 'closed']],
  ] as const)('closed after %s, where the route moves on for %s', async (because, on, expected) => {
    healthOf.clear();
    healthOf.set('a', health({ state: 'open', reason: 'circuit_open', because }));
    const targets = [openai('a'), openai('b')];
    const view = await viewed({ strategy: { mode: 'fallback', on: [on] }, targets }, {});
    expect(view.targets).toEqual([
      ['a', expected[1]],
      ['b', expected[0]],
    ]);
  });

  test('says that shares vary by job, unless a key decides', async () => {
    expect((await viewed(balanced(), {})).variesByJob).toBe(true);
    expect((await viewed(balanced('${{ input.user }}'), { user: 'x' })).variesByJob).toBe(false);
  });
});
