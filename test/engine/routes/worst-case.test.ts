import { describe, expect, test } from 'vitest';

import type { RouteDefinition } from '../../../src/domain/definition/definition.ts';
import { worstCaseOf } from '../../../src/engine/plan/worst-case.ts';
import { planOf, type DefinitionBody, type StepBody } from '../../support/engine-driver.ts';

const target = { provider: 'openai', model: 'm' };
const chat = (id: string, rest: Partial<StepBody> = {}): StepBody => ({
  id,
  uses: 'model.chat',
  route: { targets: [target] },
  ...rest,
});

const hedged = (hedge: NonNullable<RouteDefinition['hedge']>) => ({
  hedge,
  targets: [target, { ...target, model: 'n' }],
});

function worst(definition: DefinitionBody, ticketed: readonly number[] = []) {
  return worstCaseOf(planOf(definition), (_step, index) => ticketed.includes(index));
}

describe('the worst case', () => {
  test('of a step is all its attempts and the pauses between them', () => {
    expect(worst({ steps: [chat('a')] })).toEqual({
      jobMs: 183_000,
      steps: [{ step: 'a', ms: 183_000, unboundedMs: 183_000 }],
    });
  });

  test.each<[string, Partial<StepBody>, number]>([
    ['one attempt', { retry: { max_attempts: 1 } }, 60_000],
    ['longer attempts', { timeouts: { attempt: '2m' } }, 363_000],
    ['pauses that stop growing', { retry: { max_attempts: 4, max_delay: '1s' } }, 243_000],
    ['mistakes that are shown', { check: { schema: {}, re_ask: 1 } }, 247_000],
    ['a deadline of its own', { timeouts: { step: '20s' } }, 20_000],
    ['a second target beside', { route: hedged({ after: '2s' }) }, 185_000],
    ['several of them', { route: hedged({ after: '2s', max: 3 }) }, 305_000],
    ['one after a measured time', { route: hedged({ after: 'p95' }) }, 243_000],
    [
      'a map, with all items that it may have',
      { for_each: '${{ [1] }}', max_concurrency: 100 },
      1_830_000,
    ],
  ])('of a step with %s', (_what, rest, ms) => {
    expect(worst({ steps: [chat('a', rest)] }).jobMs).toBe(ms);
  });

  test('of a route is that of its slowest target', () => {
    const route = { targets: [target, { ...target, model: 'n' }] };
    const { steps } = worst({ steps: [chat('a', { route })] }, [1]);
    expect(steps).toEqual([{ step: 'a', ms: 3_600_000, unboundedMs: 10_803_000 }]);
  });

  test('of a job is its longest way, and never more than its deadline', () => {
    const steps = [
      chat('a'),
      chat('b', { retry: { max_attempts: 1 } }),
      chat('c', { needs: ['a', 'b'] }),
      { id: 'w', uses: 'wait' as const, with: { event: 'go' }, timeouts: { step: '1m' as const } },
    ];
    expect(worst({ steps }).jobMs).toBe(366_000);
    expect(worst({ steps, timeouts: { job: '5m' } })).toMatchObject({ jobMs: 300_000 });
    const waits = { steps: [{ id: 'w', uses: 'wait' as const, with: { event: 'go' } }] };
    expect(worst(waits).steps).toEqual([{ step: 'w', ms: 3_600_000, unboundedMs: null }]);
  });
});
