import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { AttemptRecord } from '../../src/domain/job/attempt.ts';
import { failureClasses, type Failure, type FailureClass } from '../../src/domain/job/failure.ts';
import type { PlannedStep } from '../../src/engine/plan/plan.ts';
import { nextMove, type NextMove, type RetrySituation } from '../../src/engine/attempts/retry.ts';
import { EPOCH_MS, failureOf, planOf, type StepBody } from '../support/engine-driver.ts';

const models = ['a', 'b', 'c'].map((model) => ({ provider: 'openai', model }));

function stepWith(rest: Partial<StepBody>): PlannedStep {
  const step = planOf({ steps: [{ id: 's', uses: 'model.chat', ...rest }] }).byId.get('s');
  if (step === undefined) throw new Error('no step');
  return step;
}

const single = stepWith({ route: { targets: models.slice(0, 1) } });
const fallback = stepWith({ route: { targets: models.slice(0, 2) } });
const three = stepWith({ route: { targets: models }, retry: { max_attempts: 9 } });
const transform = stepWith({ uses: 'data.compose' });
const asking = (reAsk: number, targets: number) =>
  stepWith({ route: { targets: models.slice(0, targets) }, check: { schema: {}, re_ask: reAsk } });

type Ended = Partial<Failure> & {
  readonly at?: number;
  readonly agoMs?: number;
  readonly lost?: true;
};

function recordOf({ at = 0, agoMs = 0, lost, ...failure }: Ended, index: number): AttemptRecord {
  const finishedAtMs = EPOCH_MS - agoMs;
  const base = { attempt: index + 1, target: null, targetIndex: at, startedAtMs: 0, finishedAtMs };
  return lost === true
    ? { ...base, outcome: 'lost' }
    : { ...base, outcome: 'failed', failure: failureOf(failure) };
}

type Around = Partial<Pick<RetrySituation, 'jitter' | 'deadlineAtMs' | 'canServe'>>;

/** What follows the last of these attempts. */
function after(step: PlannedStep, ended: readonly Ended[], around: Around = {}): NextMove {
  const attempts = ended.map(recordOf);
  const last = attempts.at(-1);
  return nextMove({
    step,
    failure: last?.failure ?? failureOf({ class: 'lost' }),
    attempts,
    targetIndex: last?.targetIndex ?? 0,
    order: step.route?.targets.map((_, index) => index) ?? [0],
    canServe: () => true,
    nowMs: EPOCH_MS,
    deadlineAtMs: EPOCH_MS + 3_600_000,
    jitter: 0.5,
    ...around,
  });
}

const retry = (inMs: number, targetIndex = 0): NextMove => ({
  kind: 'retry',
  atMs: EPOCH_MS + inMs,
  targetIndex,
});
const stop = (reason: string) => ({ kind: 'stop', reason });

/** For every class: what follows on a single target, and on the first of two. */
const TABLE: Record<FailureClass, readonly ['again' | 'stop', 'other' | 'same' | 'stop']> = {
  rate_limited: ['again', 'other'],
  overloaded: ['again', 'other'],
  timeout: ['again', 'other'],
  network: ['again', 'other'],
  provider_internal: ['again', 'other'],
  auth: ['stop', 'other'],
  billing_exhausted: ['stop', 'other'],
  permission: ['stop', 'other'],
  not_found_model: ['stop', 'other'],
  invalid_request: ['stop', 'stop'],
  unsupported_parameter: ['stop', 'other'],
  context_length: ['stop', 'other'],
  content_blocked_input: ['stop', 'stop'],
  content_blocked_output: ['stop', 'stop'],
  payload_too_large: ['stop', 'other'],
  output_truncated: ['stop', 'other'],
  output_invalid: ['stop', 'other'],
  unknown: ['stop', 'other'],
  cancelled: ['stop', 'stop'],
  lost: ['again', 'same'],
  not_configured: ['stop', 'other'],
  expression_failed: ['stop', 'stop'],
  step_input_invalid: ['stop', 'stop'],
  value_too_large: ['stop', 'stop'],
  internal: ['stop', 'stop'],
  child_failed: ['stop', 'stop'],
  budget_exceeded: ['stop', 'stop'],
};

describe.each(failureClasses.map((failureClass) => [failureClass] as const))(
  '%s',
  (failureClass) => {
    const [alone, routed] = TABLE[failureClass];
    const pauseMs = failureClass === 'lost' ? 0 : 500;

    test('on a single target', () => {
      const move = after(single, [{ class: failureClass }]);
      expect(move).toEqual(alone === 'again' ? retry(pauseMs) : stop('not_retryable'));
    });

    test('on the first of two targets', () => {
      const move = after(fallback, [{ class: failureClass }]);
      expect(move).toEqual(
        routed === 'stop' ? stop('not_retryable') : retry(0, routed === 'same' ? 0 : 1),
      );
    });

    test('on the second of two targets, the first still alive', () => {
      const move = after(fallback, [{ class: 'timeout' }, { class: failureClass, at: 1 }]);
      expect(move).toEqual(
        routed !== 'stop'
          ? retry(failureClass === 'lost' ? 0 : 1_000, failureClass === 'lost' ? 1 : 0)
          : stop('not_retryable'),
      );
    });

    test('on the second of two targets, the first given up', () => {
      const move = after(fallback, [{ class: 'auth' }, { class: failureClass, at: 1 }]);
      const again = failureClass === 'lost' ? 0 : 1_000;
      const given = stop(routed === 'other' ? 'no_target_left' : 'not_retryable');
      expect(move).toEqual(alone === 'again' ? retry(again, 1) : given);
    });

    test('with a route that moves on for it alone', () => {
      const route = {
        strategy: { mode: 'fallback' as const, on: [failureClass] },
        targets: models,
      };
      expect(after(stepWith({ route }), [{ class: failureClass }])).toEqual(retry(0, 1));
    });

    test('when a check may be asked again', () => {
      const move = after(asking(1, 2), [{ class: failureClass }]);
      const otherwise = after(fallback, [{ class: failureClass }]);
      expect(move).toEqual(failureClass === 'output_invalid' ? retry(0, 0) : otherwise);
    });

    test('when no attempt is left', () => {
      const once = stepWith({ route: { targets: models }, retry: { max_attempts: 1 } });
      expect(after(once, [{ class: failureClass }])).toEqual(stop('max_attempts'));
    });

    test('when the deadline has passed', () => {
      const move = after(single, [{ class: failureClass }], { deadlineAtMs: EPOCH_MS });
      expect(move).toEqual(stop(alone === 'again' ? 'deadline' : 'not_retryable'));
    });
  },
);

describe('how long a retry waits', () => {
  test('exactly as long as the provider asked, not a millisecond less', () => {
    fc.assert(
      fc.property(
        fc.nat(3_000_000),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (retryAfterMs, jitter) => {
          const move = after(single, [{ class: 'rate_limited', retryAfterMs }], { jitter });
          expect(move).toEqual(retry(retryAfterMs));
        },
      ),
    );
  });

  test('else anywhere below a bound that doubles from the base delay up to the maximum', () => {
    const patient = stepWith({
      route: { targets: models.slice(0, 1) },
      retry: { max_attempts: 20, base_delay: '2s', max_delay: '15s' },
    });
    const bounds = [2_000, 4_000, 8_000, 15_000, 15_000];
    for (const [index, bound] of bounds.entries()) {
      const ended = Array.from({ length: index + 1 }, () => ({ class: 'network' }) as const);
      expect(after(patient, ended, { jitter: 0 })).toEqual(retry(0));
      expect(after(patient, ended, { jitter: 0.25 })).toEqual(retry(bound / 4));
      expect(after(patient, ended, { jitter: 0.999_999 })).toEqual(retry(bound - 1));
    }
  });

  test('a wait that ends at the deadline or after it is not begun', () => {
    const around = { deadlineAtMs: EPOCH_MS + 7_000 };
    expect(after(single, [{ retryAfterMs: 6_999 }], around)).toEqual(retry(6_999));
    expect(after(single, [{ retryAfterMs: 7_000 }], around)).toEqual(stop('deadline'));
    expect(after(single, [{ retryAfterMs: 1e15 }], around)).toEqual(stop('deadline'));
  });
});

describe('going round the targets', () => {
  test('down the list at once, round the corner after a back-off', () => {
    expect(after(three, [{ at: 0 }])).toEqual(retry(0, 1));
    expect(after(three, [{ at: 0 }, { at: 1 }])).toEqual(retry(0, 2));
    expect(after(three, [{ at: 0 }, { at: 1 }, { at: 2 }])).toEqual(retry(2_000, 0));
    expect(after(three, [{ at: 0 }, { at: 1, class: 'auth' }, { at: 2 }, { at: 0 }])).toEqual(
      retry(0, 2),
    );
  });

  test('a target that asked for patience gets it, even when the route comes round to it', () => {
    const asked: Ended = { at: 0, class: 'rate_limited', retryAfterMs: 60_000, agoMs: 5_000 };
    const two = stepWith({ route: { targets: models.slice(0, 2) }, retry: { max_attempts: 9 } });
    // The other one can be called sooner, though it has just failed.
    expect(after(two, [asked, { at: 1 }])).toEqual(retry(1_000, 1));
    // It never will, so there is nothing but to wait for the first.
    expect(after(two, [asked, { at: 1, class: 'auth' }])).toEqual(retry(55_000, 0));
    // Both have asked: the one that is ready first.
    const both = [asked, { at: 1, class: 'rate_limited' as const, retryAfterMs: 90_000 }];
    expect(after(two, both)).toEqual(retry(55_000, 0));
  });

  test('what a provider asked for itself does not hold up another one', () => {
    const ended: Ended[] = [{ at: 0 }, { at: 1, class: 'rate_limited', retryAfterMs: 60_000 }];
    expect(after(fallback, ended)).toEqual(retry(1_000, 0));
  });

  test('a target that cannot be called is no place to go: the provider is not called again too soon', () => {
    const ended: Ended[] = [{ at: 0, class: 'rate_limited', retryAfterMs: 30_000 }];
    const around = { canServe: (index: number) => index === 0 };
    expect(after(fallback, ended, around)).toEqual(retry(30_000, 0));
    expect(after(fallback, [{ at: 0, class: 'auth' }], around)).toEqual(stop('no_target_left'));
  });
});

const lost = (count: number) => Array.from({ length: count }, () => ({ lost: true }) as const);

describe('how many attempts there are', () => {
  test('max_attempts counts all targets together, re-asks are counted apart', () => {
    const step = stepWith({
      route: { targets: models.slice(0, 1) },
      retry: { max_attempts: 2 },
      check: { schema: {}, re_ask: 2 },
    });
    const invalid = { class: 'output_invalid' } as const;
    expect(after(step, [invalid])).toEqual(retry(0));
    expect(after(step, [invalid, invalid])).toEqual(retry(0));
    expect(after(step, [invalid, invalid, invalid])).toEqual(stop('not_retryable'));
    expect(after(step, [invalid, { class: 'network' }])).toMatchObject({ kind: 'retry' });
    expect(after(step, [invalid, { class: 'network' }, invalid])).toEqual(retry(0));
    expect(after(step, [invalid, {}, invalid, {}])).toEqual(stop('max_attempts'));
    expect(after(step, [{}, {}])).toEqual(stop('max_attempts'));
  });

  test('when the model will not mend its answer, another one is asked', () => {
    const invalid = { class: 'output_invalid' } as const;
    expect(after(asking(1, 2), [invalid])).toEqual(retry(0, 0));
    expect(after(asking(1, 2), [invalid, invalid])).toEqual(retry(0, 1));
    expect(after(asking(0, 2), [invalid])).toEqual(retry(0, 1));
  });

  test('a lost attempt of work inside the Worker does not count, ten of them do', () => {
    expect(after(transform, lost(1))).toEqual(retry(0));
    expect(after(transform, [{}, {}, ...lost(9)])).toEqual(retry(0));
    expect(after(transform, lost(10))).toEqual(stop('max_attempts'));
    expect(after(transform, [...lost(2), {}, {}, {}])).toEqual(stop('max_attempts'));
    expect(after(single, lost(3))).toEqual(stop('max_attempts'));
  });
});
