import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { shareOfTimeMs } from '../../../src/engine/attempts/time-share.ts';
import {
  EngineDriver,
  EPOCH_MS,
  type DefinitionBody,
  type StepBody,
} from '../../support/engine-driver.ts';

const of = (provider: string) => ({ provider, model: 'm' });
const three = { targets: [of('a'), of('b'), of('c')] };

function job(seconds: number, step: Partial<StepBody> = {}): EngineDriver {
  const definition: DefinitionBody = {
    steps: [{ id: 's', uses: 'model.chat', route: three, ...step }],
    timeouts: { job: `${seconds}s` },
  };
  return new EngineDriver(definition, { random: [0] });
}

/** How long the open attempt has. */
const timeOf = (driver: EngineDriver) => {
  const [active] = Object.values(driver.state.active);
  return active === undefined ? null : active.deadlineAtMs - active.startedAtMs;
};

describe('the time that is left', () => {
  test('is shared between the targets that were not asked yet', () => {
    const driver = job(90);
    driver.claim();
    expect(timeOf(driver)).toBe(30_000);
    driver.wait(30_000);
    driver.fail('s#1', { class: 'timeout', phase: 'unknown' });
    driver.claim();
    expect(timeOf(driver)).toBe(30_000);
    driver.wait(30_000);
    driver.fail('s#2', { class: 'timeout', phase: 'unknown' });
    driver.claim();
    expect(timeOf(driver)).toBe(30_000);
  });

  test('is not cut where there is plenty: an attempt has its timeout', () => {
    const driver = job(3_600);
    driver.claim();
    expect(timeOf(driver)).toBe(60_000);
  });

  test('is not cut into pieces that are of no use', () => {
    const driver = job(15);
    driver.claim();
    expect(timeOf(driver)).toBe(10_000);
  });

  test.each<[string, Partial<StepBody>, number]>([
    ['a route that no timeout leaves', { route: { ...three, strategy: on('overloaded') } }, 60_000],
    ['a route with one target', { route: { targets: [of('a')] } }, 60_000],
    ['a step with one attempt', { retry: { max_attempts: 1 } }, 60_000],
    ['a step with two attempts', { retry: { max_attempts: 2 } }, 45_000],
    ['a step that fails when nobody knows', { on_unknown: 'fail' }, 60_000],
    ['a step with a deadline of its own', { timeouts: { step: '45s' } }, 15_000],
  ])('for %s', (_what, step, ms) => {
    const driver = job(90, step);
    driver.claim();
    expect(timeOf(driver)).toBe(ms);
  });

  test('leaves nothing to targets that cannot serve', () => {
    const driver = new EngineDriver(
      { steps: [{ id: 's', uses: 'model.chat', route: three }], timeouts: { job: '60s' } },
      { unusable: new Map([['b', 'no key']]) },
    );
    driver.claim();
    expect(timeOf(driver)).toBe(30_000);
    expect(driver.state.active['s#1']?.deadlineAtMs).toBe(EPOCH_MS + 30_000);
  });

  test('is never more than there is, and a share never less than what is of use', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.integer({ min: 1, max: 20 }), (leftMs, targets) => {
        const share = shareOfTimeMs(leftMs, targets);
        expect(Number.isInteger(share)).toBe(true);
        expect(share).toBeLessThanOrEqual(leftMs);
        expect(share).toBeGreaterThanOrEqual(Math.min(leftMs, 10_000));
        expect(leftMs < 10_000 * targets || share * targets <= leftMs).toBe(true);
      }),
    );
  });
});

function on(failure: 'overloaded') {
  return { mode: 'fallback' as const, on: [failure] };
}
