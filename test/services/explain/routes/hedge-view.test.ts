import { expect, test } from 'vitest';

import { hedgeView } from '../../../../src/services/explain/routes/hedge-view.ts';
import type { RouteTarget } from '../../../../src/services/explain/routes/route-view.ts';
import { planOf } from '../../../support/engine-driver.ts';

const A = { provider: 'openai', model: 'a' };
const B = { provider: 'groq', model: 'b' };
const SLOW = { provider: 'fal', model: 'c' };

function explained(hedge: object | null, targets: readonly (readonly [object, object])[]) {
  const route = { ...(hedge === null ? {} : { hedge }), targets: [A, SLOW, B] };
  const plan = planOf({ steps: [{ id: 'a', uses: 'model.chat', route } as never] });
  const step = plan.byId.get('a');
  if (step === undefined) throw new Error('there is a step');
  const seen = targets.map(([target, more], index) => ({
    index,
    target,
    view: { usable: true, local: false },
    health: null,
    skip: null,
    ...more,
  }));
  return hedgeView(step, seen as unknown as RouteTarget[]);
}

const all = [
  [A, {}],
  [SLOW, { view: { usable: true, local: false, ticketSteps: ['model.chat'] } }],
  [B, {}],
] as const;
const measured = { health: { latencyMs: { count: 20, p50: 100, p95: 1_000, p99: 2_000 } } };
const hardly = { health: { latencyMs: { count: 2, p50: 100, p95: 1_000, p99: 2_000 } } };

test.each<[string, object | null, Parameters<typeof explained>[1], unknown]>([
  ['nothing of a route without one', null, all, null],
  [
    'the time and the target',
    { after: '2s', max: 2 },
    all,
    { after_ms: 2_000, target: B, at_most: 2 },
  ],
  [
    'what is measured',
    { after: 'p95' },
    [
      [A, measured],
      [B, {}],
    ],
    { after_ms: 1_100, target: B, at_most: 1 },
  ],
  [
    'what holds where hardly anything is',
    { after: 'p95', or: '3s' },
    [
      [A, hardly],
      [B, {}],
    ],
    { after_ms: 3_000, target: B, at_most: 1 },
  ],
  [
    'that nobody would be asked while nothing is',
    { after: 'p95' },
    all,
    { after_ms: null, target: null, at_most: 1 },
  ],
  [
    'that nobody would be asked while the others are closed',
    { after: '2s' },
    [
      [A, {}],
      [B, { skip: { reason: 'closed', message: 'circuit_open' } }],
    ],
    { after_ms: null, target: null, at_most: 1 },
  ],
])('an explanation tells %s', (_what, hedge, targets, expected) => {
  expect(explained(hedge, targets)).toEqual(expected);
});
