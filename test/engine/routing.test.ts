import { describe, expect, test } from 'vitest';

import { EngineDriver, EPOCH_MS, type StepBody } from '../support/engine-driver.ts';

const openai = { provider: 'openai', model: 'a' };
const groq = { provider: 'groq', model: 'b' };
const builtin = { provider: 'builtin', model: 'c' };

function job(unusable: readonly string[], rest: Partial<StepBody> = {}): EngineDriver {
  const steps: StepBody[] = [
    { id: 's', uses: 'model.chat', route: { targets: [openai, groq, builtin] }, ...rest },
  ];
  return new EngineDriver(
    { steps },
    { unusable: new Map(unusable.map((provider) => [provider, `no key for ${provider}`])) },
  );
}

const targetOf = (driver: EngineDriver, key: string) => driver.state.active[key]?.target;

describe('a target that cannot serve', () => {
  test('is passed over with an event that says why', () => {
    const driver = job(['openai']);
    driver.claim();
    expect(targetOf(driver, 's#1')).toEqual(groq);
    expect(driver.told('target.skipped', 'fallback.taken', 'attempt.started')).toEqual([
      'target.skipped s#1',
      'fallback.taken s#1',
      'attempt.started s#1',
    ]);
    expect(driver.event('target.skipped').data).toEqual({
      target: openai,
      reason: 'no key for openai',
    });
    expect(driver.event('fallback.taken').data).toEqual({
      from: openai,
      to: groq,
      because: 'no key for openai',
    });
  });

  test('when there is no other, the step fails and every target is named', () => {
    const driver = job(['openai', 'groq', 'builtin']);
    expect(driver.claim()).toEqual([]);
    expect(driver.phase('s')).toMatchObject({
      status: 'failed',
      stopped: 'no_target_left',
      failure: {
        class: 'not_configured',
        code: 'no_target',
        message:
          'no target of the route can serve: openai/a: no key for openai; groq/b: no key for groq; builtin/c: no key for builtin',
      },
    });
    expect(driver.told('target.skipped')).toHaveLength(3);
    expect(driver.status).toBe('failed');
  });

  test('takes a slot of the kind that the chosen one needs', () => {
    const driver = job(['openai', 'groq']);
    expect(driver.claim({ capacity: { calls: 9, local: 0 } })).toEqual([]);
    expect(driver.lastClaim.starved).toBe(false);
    expect(driver.told('target.skipped')).toEqual([]);
    expect(driver.claim({ capacity: { calls: 0, local: 1 } })).toEqual(['s#1']);
  });

  test('is where nothing goes on a failure: a rate-limited provider is not called again at once', () => {
    const driver = job(['groq', 'builtin']);
    driver.claim();
    driver.fail('s#1', { class: 'rate_limited', retryAfterMs: 30_000 });
    expect(driver.phase('s')).toMatchObject({
      next: { notBeforeMs: EPOCH_MS + 30_000, targetIndex: 0 },
    });
    expect(driver.told('fallback.taken')).toEqual([]);
  });

  test('that can serve again is taken when its turn comes', () => {
    const driver = job(['openai']);
    driver.claim();
    driver.fail('s#1', { class: 'auth' });
    driver.claim();
    expect(targetOf(driver, 's#2')).toEqual(builtin);
    driver.unusable.clear();
    driver.fail('s#2', { class: 'timeout' });
    driver.wait(60_000);
    driver.claim();
    expect(targetOf(driver, 's#3')).toEqual(openai);
  });
});

describe('a failure that moves on', () => {
  test('tells from where to where, and why', () => {
    const driver = job([]);
    driver.claim();
    driver.fail('s#1', { class: 'overloaded' });
    driver.claim();
    expect(targetOf(driver, 's#2')).toEqual(groq);
    expect(driver.event('fallback.taken').data).toEqual({
      from: openai,
      to: groq,
      because: 'overloaded',
    });
  });

  test('does not move on in a single route', () => {
    const driver = job([], { route: { targets: [openai, groq], strategy: { mode: 'single' } } });
    driver.claim();
    driver.fail('s#1', { class: 'overloaded', retryAfterMs: 0 });
    driver.claim();
    expect(targetOf(driver, 's#2')).toEqual(openai);
    driver.fail('s#2', { class: 'auth' });
    expect(driver.phase('s')).toMatchObject({ status: 'failed', stopped: 'not_retryable' });
  });

  test('moves items of a map by themselves', () => {
    const driver = job([], { for_each: '${{ [1, 2] }}' });
    driver.claim();
    driver.fail('s[1]#1', { class: 'overloaded' });
    driver.claim();
    expect(targetOf(driver, 's[0]#1')).toEqual(openai);
    expect(targetOf(driver, 's[1]#2')).toEqual(groq);
  });
});
