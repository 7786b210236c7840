import { describe, expect, test } from 'vitest';

import type { BudgetRefusal } from '../../src/domain/budget.ts';
import { EngineDriver, type DefinitionBody } from '../support/engine-driver.ts';

const A = { provider: 'openai', model: 'a' };
const B = { provider: 'groq', model: 'b' };
const HOUR = 3_600_000;

const refusal: BudgetRefusal = {
  budgetId: 'bud_1',
  onExceed: 'queue',
  limitNanoUsd: 1_000_000_000,
  spentNanoUsd: 990_000_000,
  reservedNanoUsd: 0,
  estimateNanoUsd: 20_000_000,
  resetsAtMs: null,
};

function begun(rest: Partial<DefinitionBody['steps'][number]> = {}): EngineDriver {
  const step = { id: 'a', uses: 'model.chat' as const, route: { targets: [A, B] }, ...rest };
  const body: DefinitionBody = { timeouts: { job: '5d' }, steps: [step] };
  const job = new EngineDriver(body, { random: [0.5] });
  job.claim();
  return job;
}

describe('an attempt for which a budget has no room', () => {
  test('waits at its own target, is told of once, and does not count against the attempts', () => {
    const job = begun({ retry: { max_attempts: 1 } });
    const beganAtMs = job.nowMs;
    for (let attempt = 1; attempt <= 20; attempt += 1) {
      job.decline(`a#${attempt}`, { reason: 'budget', refusal, inMs: HOUR });
      expect(job.claim()).toEqual([]);
      // However far away the end of the period is: the limit may be raised meanwhile.
      const leastMs = Math.max(10_000, (job.nowMs - beganAtMs) / 10);
      const waitMs = job.dueAtMs() - job.nowMs;
      expect(waitMs).toBeGreaterThanOrEqual(leastMs);
      expect(waitMs).toBeLessThanOrEqual(1.25 * leastMs + 1);
      job.waitUntil(job.dueAtMs());
      expect(job.claim()).toEqual([`a#${attempt + 1}`]);
      expect(job.state.active[`a#${attempt + 1}`]?.target).toEqual(A);
    }
    expect(job.told('budget.exceeded')).toEqual(['budget.exceeded a#1']);
    expect(job.state.steps['a']?.attempts).toMatchObject([
      { declined: { reason: 'budget', budget: 'bud_1', times: 20 } },
    ]);
    job.succeed('a#21');
    expect(job.state.status).toBe('succeeded');
  });

  test('fails its step at no cost when the budget rejects, and tells how to mend it', () => {
    const job = begun();
    job.decline('a#1', { reason: 'budget_exceeded', refusal });
    expect(job.state).toMatchObject({
      status: 'failed',
      cost: { nanoUsd: 0, unpricedAttempts: 0 },
    });
    expect(job.phase('a')).toMatchObject({
      failure: {
        class: 'budget_exceeded',
        code: 'budget_exceeded',
        phase: 'not_sent',
        message:
          'the budget bud_1 has spent $0.990000000 of $1.000000000; the call may cost up to $0.020000000: nothing was sent and nothing is charged',
      },
    });
  });

  test('goes to the next target when the budget says cheaper, and fails when all were refused', () => {
    const job = begun();
    job.decline('a#1', { reason: 'budget_cheaper', refusal, inMs: HOUR });
    expect(job.claim()).toEqual(['a#2']);
    expect(job.state.active['a#2']?.target).toEqual(B);
    job.decline('a#2', { reason: 'budget_cheaper', refusal, inMs: HOUR });
    expect(job.state.status).toBe('failed');
  });

  test('waits for the gate of a cheaper target before it gives up', () => {
    const job = begun();
    job.decline('a#1', { reason: 'budget_cheaper', refusal, inMs: HOUR });
    job.claim();
    job.decline('a#2', { reason: 'cooling_down', inMs: 8_000 });
    job.waitUntil(job.dueAtMs());
    job.claim();
    job.decline('a#3', { reason: 'budget_cheaper', refusal, inMs: HOUR });
    expect(job.state.status).toBe('failed');
  });

  test('of an unknown price fails with a code of its own', () => {
    const job = begun({ route: { targets: [A] } });
    job.decline('a#1', {
      reason: 'budget_unpriced',
      refusal: { ...refusal, estimateNanoUsd: null },
    });
    expect(job.phase('a')).toMatchObject({ failure: { code: 'budget_unpriced' } });
  });
});
