import { describe, expect, test } from 'vitest';

import type { AttemptRecord } from '../../src/domain/job/attempt.ts';
import { runnableCount } from '../../src/engine/due.ts';
import { movesOnIfNotTaken } from '../../src/engine/attempts/tickets.ts';
import {
  EngineDriver,
  EVERYTHING,
  type DefinitionBody,
  type StepBody,
} from '../support/engine-driver.ts';

const replicate = { provider: 'replicate', model: 'm' };
const openai = { provider: 'openai', model: 'a' };
const views = new Map([
  ['replicate', { ticketSteps: ['model.image' as const], reconciles: true }],
  ['blind', { ticketSteps: ['model.image' as const] }],
]);
const image = (rest: Partial<StepBody> = {}): DefinitionBody => ({
  timeouts: { job: '5d' },
  steps: [{ id: 'a', uses: 'model.image', route: { targets: [replicate] }, ...rest }],
});

/** A job whose first attempt is at its provider. */
function waiting(body: DefinitionBody = image(), checkInMs = 10_000): EngineDriver {
  const job = new EngineDriver(body, { views, random: [0.5] });
  job.claim();
  for (const key of job.activeKeys) job.ticket(key, { checkInMs });
  return job;
}

const due = (job: EngineDriver) => runnableCount(job.state, job.plan, job.nowMs);

describe('work that goes on at a provider', () => {
  test('leaves its runner’s hands, and is asked for when its moment has come', () => {
    const job = waiting();
    expect(job.status).toBe('waiting');
    expect(due(job)).toBe(0);
    expect(job.dueAtMs()).toBe(job.nowMs + 10_000);
    expect(job.claim()).toEqual([]);
    job.wait(10_000);
    expect(due(job)).toBe(1);
    expect(job.claim()).toEqual(['a#1']);
    expect(job.claim()).toEqual([]);
    expect(job.succeed('a#1', {}, 7)).toBe('used');
    expect(job.status).toBe('succeeded');
    expect(job.state.steps['a']?.attempts).toMatchObject([{ providerJobId: 'provider-a#1' }]);
  });

  test('needs a runner only for as long as it takes to submit it or to ask', () => {
    const job = new EngineDriver(image(), { views });
    expect(job.claim({ untilMs: job.nowMs + 14_000 })).toEqual([]);
    expect(job.lastClaim.unfit).toBe(true);
    expect(job.claim({ untilMs: job.nowMs + 15_000 })).toEqual(['a#1']);
    expect(job.state.active['a#1']?.deadlineAtMs).toBe(job.nowMs + 3_600_000);
    job.ticket('a#1', { checkInMs: 1_000 });
    job.wait(1_000);
    expect(job.claim({ untilMs: job.nowMs + 59_000 })).toEqual([]);
    expect(job.claim({ capacity: { calls: 0, local: 9 } })).toEqual([]);
    expect(job.lastClaim.starved).toBe(true);
    expect(job.claim({ untilMs: job.nowMs + 60_000 })).toEqual(['a#1']);
  });

  test('is asked for again when the runner that asks is not heard of, and nothing counts as lost', () => {
    const job = waiting();
    job.wait(10_000);
    job.claim();
    job.lose('a#1');
    expect(job.told('attempt.lost')).toEqual([]);
    expect(job.dueAtMs()).toBe(job.nowMs + 60_000);
    job.wait(60_000);
    expect(job.claim()).toEqual(['a#1']);
    expect(job.ticket('a#1', { poll: 1 })).toBe('repeated');
    expect(job.ticket('a#1', { poll: 2 })).toBe('used');
  });

  test('is asked for the seldomer the older it is', () => {
    const job = waiting();
    job.wait(3_600_000 / 2);
    job.claim();
    job.ticket('a#1', { checkInMs: 1_000 });
    expect(job.state.active['a#1']?.ticket?.checkAtMs).toBe(job.nowMs + 180_000);
  });

  test('is asked for at once when the provider calls back, however often it does', () => {
    const job = waiting();
    job.callBack('a#1');
    const before = job.state;
    job.callBack('a#1');
    job.callBack('a#2');
    expect(job.state).toEqual(before);
    expect(job.claim()).toEqual(['a#1']);
  });

  test('is asked for in a pause, and its result is kept', () => {
    const job = waiting();
    job.pause();
    job.wait(10_000);
    expect(job.claim()).toEqual(['a#1']);
    job.succeed('a#1', {}, 7);
    expect(job.phase('a').status).toBe('succeeded');
  });

  test('does not hold a cancel up, and a late result is paid for', () => {
    const job = waiting();
    job.cancel();
    expect(job.status).toBe('cancelled');
    expect(job.state.cost).toEqual({ nanoUsd: 0, unpricedAttempts: 1 });
    expect(job.succeed('a#1', {}, 7)).toBe('late');
    expect(job.state.cost).toEqual({ nanoUsd: 7, unpricedAttempts: 0 });
  });

  test('is given up at its deadline, and a result that comes before the next attempt’s is kept', () => {
    const job = waiting(image({ timeouts: { attempt: '1d' }, retry: { base_delay: '1s' } }));
    job.wait(86_400_000);
    expect(job.event('attempt.failed').data).toMatchObject({
      failure: { class: 'timeout', phase: 'accepted' },
      abandoned: true,
    });
    expect(job.phase('a').status).toBe('queued');
    expect(job.state.cost.unpricedAttempts).toBe(1);
    expect(job.succeed('a#1', {}, 7)).toBe('used');
    expect(job.status).toBe('succeeded');
    expect(job.state.cost).toEqual({ nanoUsd: 7, unpricedAttempts: 0 });
  });

  test('is given up when the map that it belongs to has failed', () => {
    const job = waiting(image({ for_each: '${{ [1, 2] }}', on_failure: 'continue' }));
    job.wait(10_000);
    job.claim();
    job.fail('a[0]#1', { class: 'invalid_request', phase: 'rejected' });
    expect(job.told('attempt.failed')).toEqual(['attempt.failed a[0]#1', 'attempt.failed a[1]#1']);
    expect(job.status).toBe('partially_succeeded');
    expect(job.activeKeys).toEqual([]);
  });

  test('takes as long as a runner lives at most where the answer is waited for', () => {
    const route = { targets: [{ ...openai, execution: 'batch' as const }, openai] };
    const job = new EngineDriver(image({ route, timeouts: { attempt: '2d' } }), { views });
    job.claim();
    expect(job.state.active['a#1']?.deadlineAtMs).toBe(job.nowMs + 2 * 86_400_000);
    job.fail('a#1', { class: 'overloaded', phase: 'rejected' });
    job.claim();
    expect(job.state.active['a#2']?.deadlineAtMs).toBe(job.nowMs + 600_000);
  });
});

/** A job with an attempt in a runner's hands, and a second target. */
function lost(rest: Partial<StepBody> = {}, provider = 'replicate'): EngineDriver {
  const targets = [{ provider, model: 'm' }, openai];
  const job = new EngineDriver(image({ route: { targets }, ...rest }), { views });
  job.claim();
  return job;
}

describe('a submit of which nobody knows whether the provider took it', () => {
  const cut = { class: 'network', phase: 'unknown' } as const;

  test('is asked about before anything is sent again, whatever the policy and the route say', () => {
    for (const policy of ['retry', 'fail', 'fallback'] as const) {
      const job = lost({ on_unknown: policy });
      job.fail('a#1', cut, null);
      expect(job.phase('a')).toMatchObject({ status: 'queued', next: { targetIndex: 0 } });
      expect(job.event('attempt.failed').data.possibleDuplicateSpend).toBeUndefined();
    }
  });

  test('is adopted when the provider has it: nothing is paid twice', () => {
    const job = lost();
    job.lose('a#1');
    job.claim();
    const reconciled = [{ attempt: 1, outcome: 'adopted' as const }];
    job.ticket('a#2', { checkInMs: 0, adoptedFrom: 1, reconciled });
    expect(job.event('attempt.reconciled').data).toEqual({ outcome: 'adopted', by: 2 });
    expect(job.event('step.waiting').data).toMatchObject({ adoptedFrom: 1 });
    expect(job.state.cost).toEqual({ nanoUsd: 0, unpricedAttempts: 0 });
    expect(job.ticket('a#1', { poll: 0, providerJobId: 'provider-a#2' })).toBe('repeated');
    expect(job.claim()).toEqual(['a#2']);
    job.succeed('a#2', {}, 7);
    expect(job.state.cost).toEqual({ nanoUsd: 7, unpricedAttempts: 0 });
  });

  test('cost nothing when the provider has no such work', () => {
    const job = lost();
    job.fail('a#1', cut, null);
    expect(job.state.cost.unpricedAttempts).toBe(1);
    job.wait(1_000);
    job.claim();
    job.ticket('a#2', { reconciled: [{ attempt: 1, outcome: 'absent' }] });
    expect(job.state.cost.unpricedAttempts).toBe(0);
  });

  test('stays unpriced when it cannot be told, and the event says that both may be paid', () => {
    const job = lost();
    job.lose('a#1');
    job.claim();
    job.ticket('a#2', { reconciled: [{ attempt: 1, outcome: 'unknown' }] });
    expect(job.event('attempt.reconciled').data).toMatchObject({ possibleDuplicateSpend: true });
    expect(job.state.cost.unpricedAttempts).toBe(1);
  });

  test.each([
    ['retry', { status: 'queued', next: { targetIndex: 0 } }, true],
    ['fallback', { status: 'queued', next: { targetIndex: 1 } }, true],
    ['fail', { status: 'failed', stopped: 'not_retryable' }, undefined],
  ] as const)('goes by the policy %s where nobody can be asked', (policy, phase, twice) => {
    const strategy = { mode: 'fallback' as const, on: ['auth' as const] };
    const targets = [{ provider: 'blind', model: 'm' }, openai];
    const job = lost({ on_unknown: policy, route: { targets, strategy } });
    job.fail('a#1', cut, null);
    expect(job.phase('a')).toMatchObject(phase);
    expect(job.event('attempt.failed').data.possibleDuplicateSpend).toBe(twice);
  });

  test.each([
    ['fallback', { status: 'queued', next: { targetIndex: 1 } }, true],
    ['fail', { status: 'failed' }, undefined],
  ] as const)('goes by the policy %s when the provider could not tell', (policy, phase, twice) => {
    const job = lost({ on_unknown: policy });
    job.lose('a#1');
    job.claim();
    job.fail('a#2', { class: 'lost', phase: 'unknown', code: 'not_reconciled' });
    expect(job.phase('a')).toMatchObject(phase);
    expect(job.event('attempt.failed').data.possibleDuplicateSpend).toBe(twice);
  });
});

test('a late ticket is nobody’s, unless a newer attempt waits for the same work', () => {
  const job = new EngineDriver(image(), { views });
  job.claim();
  job.lose('a#1');
  job.claim();
  expect(job.ticket('a#1', { poll: 0 })).toBe('late');
  job.ticket('a#2', { providerJobId: 'provider-a#1' });
  expect(job.ticket('a#1', { poll: 0 })).toBe('repeated');
  expect(job.claim(EVERYTHING)).toEqual([]);
});

describe('a target that fails before it takes the work', () => {
  const step = (on?: readonly ['timeout']) =>
    waiting(
      image({
        route: {
          ...(on === undefined ? {} : { strategy: { mode: 'fallback', on: [...on] } }),
          targets: [replicate, openai],
        },
      }),
    ).plan.steps[0];
  const failed = (attempt: number, costNanoUsd: number | null): AttemptRecord => ({
    attempt,
    target: replicate,
    targetIndex: 0,
    startedAtMs: attempt,
    finishedAtMs: attempt,
    outcome: 'failed',
    failure: { class: 'provider_internal', phase: 'unknown', message: 'failed' },
    facts: { latencyMs: 1, costNanoUsd },
  });
  const active = { target: replicate, targetIndex: 0 };
  const movesOn = (planned: ReturnType<typeof step>, ...attempts: AttemptRecord[]) =>
    planned !== undefined && movesOnIfNotTaken(planned, active, attempts);

  test('is asked about its first failure, and left after the second if it has taken neither', () => {
    expect(movesOn(step(), failed(1, null))).toBe(false);
    expect(movesOn(step(), failed(1, 0), failed(2, null))).toBe(true);
  });

  test('is not left where the route keeps such failures, or where it may have taken the work', () => {
    expect(movesOn(step(['timeout']), failed(1, 0), failed(2, null))).toBe(false);
    expect(movesOn(step(), failed(1, null), failed(2, null))).toBe(false);
    expect(movesOn(waiting().plan.steps[0], failed(1, 0), failed(2, null))).toBe(false);
  });
});
