import { expect, test } from 'vitest';

import { MISFIT } from '../../../../src/domain/job/failure.ts';
import { routeTaken } from '../../../../src/services/views/jobs/route-taken.ts';
import { EngineDriver } from '../../../support/engine-driver.ts';

const of = (provider: string) => ({ provider, model: 'm' });

test('a step shows which targets were asked and which were passed over, in order', () => {
  const route = { targets: ['a', 'b', 'c', 'd'].map(of) };
  const driver = new EngineDriver(
    { steps: [{ id: 's', uses: 'model.chat', route }] },
    { unusable: new Map([['a', 'no key for a']]) },
  );
  const shown = () => {
    const step = driver.state.steps['s'];
    if (step === undefined) throw new Error('no step');
    const { route: stops = [] } = routeTaken(driver.state, 's', step);
    return stops.map(
      (stop) => `${stop.attempt} ${stop.target.provider} ${stop.outcome}: ${stop.reason}`,
    );
  };
  expect(shown()).toEqual([]);
  driver.claim();
  driver.fail('s#1', {
    class: 'context_length',
    phase: 'not_sent',
    code: MISFIT,
    message: 'too long',
  });
  driver.claim();
  driver.fail('s#2', { class: 'overloaded', phase: 'rejected' });
  driver.claim();
  expect(shown()).toEqual([
    '1 a skipped: no key for a',
    '1 b skipped: too long',
    '2 c failed: overloaded',
    '3 d running: null',
  ]);
  driver.succeed('s#3');
  expect(shown().at(-1)).toBe('3 d succeeded: null');
});
