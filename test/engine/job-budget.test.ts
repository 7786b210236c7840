import { array, assert, integer, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { BudgetRefusal } from '../../src/domain/budget.ts';
import { isTerminal } from '../../src/domain/job/job.ts';
import { EngineDriver, type DefinitionBody } from '../support/engine-driver.ts';

const A = { provider: 'openai', model: 'a' };

function limited(maxNanoUsd: number, steps: number, more: object = {}): EngineDriver {
  const body: DefinitionBody = {
    budget: { max_cost_usd: maxNanoUsd / 1e9 },
    steps: Array.from({ length: steps }, (_, index) => ({
      id: `s${index}`,
      uses: 'model.chat' as const,
      route: { targets: [A] },
      ...more,
    })),
  };
  return new EngineDriver(body, { random: [0.5] });
}

/** What a runner says whose call may cost more than its attempt was given. */
function asking(estimateNanoUsd: number): BudgetRefusal {
  const nothing = { limitNanoUsd: 0, spentNanoUsd: 0, reservedNanoUsd: 0, resetsAtMs: null };
  return { budgetId: 'job', onExceed: 'reject', estimateNanoUsd, ...nothing };
}

const allowance = (job: EngineDriver, key: string) => job.state.active[key]?.allowanceNanoUsd;

describe('a job with a limit on its cost', () => {
  test('gives its attempts parts of what is left, so that they run side by side', () => {
    const job = limited(1_000, 3);
    job.claim();
    expect(allowance(job, 's0#1')).toBe(250);
    expect(allowance(job, 's1#1')).toBe(187);
    expect(allowance(job, 's2#1')).toBe(140);
  });

  test('gives one that needs more what it asks for, at once, if nobody else holds it', () => {
    const job = limited(1_000, 1);
    job.claim();
    job.decline('s0#1', { reason: 'budget', refusal: asking(900) });
    expect(job.claim()).toEqual(['s0#2']);
    expect(allowance(job, 's0#2')).toBe(900);
    expect(job.told('budget.exceeded')).toEqual([]);
    job.succeed('s0#2', {}, 600);
    expect(job.state).toMatchObject({ status: 'succeeded', cost: { nanoUsd: 600 } });
  });

  test('lets it wait for what others hold', () => {
    const job = limited(1_000, 2);
    job.claim();
    job.decline('s0#1', { reason: 'budget', refusal: asking(900), inMs: 2_000 });
    expect(job.claim()).toEqual([]);
    job.succeed('s1#1', {}, 50);
    job.waitUntil(job.dueAtMs());
    expect(job.claim()).toEqual(['s0#2']);
    expect(allowance(job, 's0#2')).toBe(900);
  });

  test('fails the step of a call that may cost more than is left', () => {
    const job = limited(1_000, 2, { retry: { max_attempts: 1 } });
    job.claim();
    job.succeed('s1#1', {}, 200);
    job.decline('s0#1', { reason: 'budget', refusal: asking(801) });
    expect(job.state).toMatchObject({ status: 'failed', cost: { nanoUsd: 200 } });
    expect(job.event('budget.exceeded').data).toMatchObject({
      reason: 'budget_exceeded',
      budgetId: 'job',
      limitNanoUsd: 1_000,
      spentNanoUsd: 200,
    });
    expect(job.phase('s0')).toMatchObject({ failure: { class: 'budget_exceeded' } });
  });

  test('counts a call of which nobody knows what it cost as the most that it may have cost', () => {
    const job = limited(1_000, 1, { retry: { max_attempts: 3 } });
    job.claim();
    job.lose('s0#1');
    expect(job.state.assumedNanoUsd).toBe(250);
    job.wait(60_000);
    expect(job.claim()).toEqual(['s0#2']);
    expect(allowance(job, 's0#2')).toBe(187);
  });

  test('never spends more than its limit, as long as estimates are upper bounds', () => {
    const call = record({
      estimate: integer({ min: 1, max: 400 }),
      share: integer({ min: 0, max: 100 }),
    });
    assert(
      property(array(call, { minLength: 1, maxLength: 12, size: 'max' }), (calls) => {
        const job = limited(1_000, calls.length, { on_failure: 'continue' });
        const callOf = (key: string) =>
          calls[Number(/^s(\d+)/.exec(key)?.[1])] ?? { estimate: 1, share: 0 };
        let paid = 0;
        for (let turn = 0; turn < 100 && !isTerminal(job.state.status); turn += 1) {
          for (const key of job.claim()) {
            const { estimate } = callOf(key);
            if (estimate > (allowance(job, key) ?? 0)) {
              job.decline(key, { reason: 'budget', refusal: asking(estimate), inMs: 2_000 });
            }
          }
          const [open] = job.activeKeys;
          if (open === undefined) {
            if (!isTerminal(job.state.status)) job.waitUntil(job.dueAtMs());
            continue;
          }
          const { estimate, share } = callOf(open);
          const cost = Math.floor((estimate * share) / 100);
          paid += cost;
          job.succeed(open, {}, cost);
        }
        expect(paid).toBe(job.state.cost.nanoUsd);
        expect(paid).toBeLessThanOrEqual(1_000);
        expect(isTerminal(job.state.status)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
