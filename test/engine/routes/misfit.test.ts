import { describe, expect, test } from 'vitest';

import { MISFIT } from '../../../src/domain/job/failure.ts';
import { EngineDriver, type StepBody } from '../../support/engine-driver.ts';

const [a, b, c] = ['a', 'b', 'c'].map((model) => ({ provider: 'openai', model }));
const route = { targets: [a, b, c].flatMap((target) => (target === undefined ? [] : [target])) };

const tooSmall = {
  class: 'context_length',
  phase: 'not_sent',
  code: MISFIT,
  message: 'a takes 10 tokens, and the prompt has 20 or more',
} as const;

function job(rest: Partial<StepBody> = {}): EngineDriver {
  const driver = new EngineDriver({ steps: [{ id: 's', uses: 'model.chat', route, ...rest }] });
  driver.claim();
  return driver;
}

const modelOf = (driver: EngineDriver, key: string) => driver.state.active[key]?.target?.model;

describe('a target whose model cannot serve the call', () => {
  test('is told as skipped, and the next one is asked at once, whatever the route lists', () => {
    const driver = job({ route: { ...route, strategy: { mode: 'fallback', on: ['timeout'] } } });
    driver.fail('s#1', tooSmall);
    expect(driver.event('target.skipped').data).toEqual({ target: a, reason: tooSmall.message });
    driver.claim();
    expect(modelOf(driver, 's#2')).toBe('b');
    expect(driver.state.steps['s']?.skipped).toEqual([
      { attempt: 1, target: a, reason: tooSmall.message },
    ]);
  });

  test('uses up none of the attempts', () => {
    const driver = job({ retry: { max_attempts: 1 } });
    driver.fail('s#1', tooSmall);
    driver.claim();
    driver.fail('s#2', tooSmall);
    driver.claim();
    expect(modelOf(driver, 's#3')).toBe('c');
    driver.fail('s#3', { class: 'overloaded', phase: 'rejected' });
    expect(driver.phase('s')).toMatchObject({ status: 'failed', stopped: 'max_attempts' });
  });

  test('is not come back to', () => {
    const driver = job();
    driver.fail('s#1', tooSmall);
    driver.claim();
    driver.fail('s#2', { class: 'overloaded', phase: 'rejected' });
    driver.claim();
    driver.fail('s#3', { class: 'overloaded', phase: 'rejected' });
    driver.wait(60_000);
    driver.claim();
    expect(modelOf(driver, 's#4')).toBe('b');
  });

  test('fails the step when it is the last one, with what was wrong', () => {
    const driver = job({ route: { targets: route.targets.slice(0, 1) } });
    driver.fail('s#1', tooSmall);
    expect(driver.phase('s')).toMatchObject({
      status: 'failed',
      failure: { class: 'context_length', message: tooSmall.message },
    });
  });

  test('is one thing, a provider that says the same is another: the call was made', () => {
    const driver = job({ retry: { max_attempts: 1 } });
    driver.fail('s#1', { ...tooSmall, phase: 'rejected' });
    expect(driver.told('target.skipped')).toEqual([]);
    expect(driver.phase('s')).toMatchObject({ status: 'failed', stopped: 'max_attempts' });
  });
});
