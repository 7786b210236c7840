import { describe, expect, test } from 'vitest';

import { definitionSchema } from '../../../src/domain/definition.ts';
import type { Json, JsonObject } from '../../../src/domain/json.ts';
import type { ForeseenStep, Foresight } from '../../../src/services/explain/foresight.ts';
import { routeView } from '../../../src/services/explain/route-view.ts';
import type { TargetDesk } from '../../../src/services/ports/target-desk.ts';
import { planOf } from '../../support/engine-driver.ts';

const desk = {
  view: ({ provider }) =>
    provider === 'groq'
      ? { usable: false, reason: 'not configured: set GROQ_API_KEY' }
      : { usable: true, local: false },
  health: () => Promise.resolve(null),
} as Pick<TargetDesk, 'view' | 'health'> as TargetDesk;

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
  const view = await routeView({ desk, foresight }, step, null);
  const targets = view.targets.map(({ target, skip }) => [target.model, skip?.reason ?? null]);
  return { ...view, targets };
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

  test('says that shares vary by job, unless a key decides', async () => {
    expect((await viewed(balanced(), {})).variesByJob).toBe(true);
    expect((await viewed(balanced('${{ input.user }}'), { user: 'x' })).variesByJob).toBe(false);
  });
});
