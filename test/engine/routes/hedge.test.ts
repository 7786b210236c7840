import { describe, expect, test } from 'vitest';

import type { BudgetRefusal } from '../../../src/domain/budget.ts';
import { runnableCount } from '../../../src/engine/due.ts';
import { makePlan } from '../../../src/engine/plan/plan.ts';
import {
  definitionOf,
  EngineDriver,
  failureOf,
  type EngineOptions,
  type StepBody,
} from '../../support/engine-driver.ts';

type Hedge = { readonly after: string; readonly or?: string; readonly max?: number };

const A = { provider: 'openai', model: 'a' };
const B = { provider: 'groq', model: 'b' };
const C = { provider: 'mistral', model: 'c' };
const LOCAL = { provider: 'builtin', model: 'd' };

function job(
  rest: Partial<StepBody> = {},
  hedge: Hedge = { after: '2s' },
  options?: EngineOptions,
) {
  const route = { hedge, targets: [A, B, C] };
  return new EngineDriver({ steps: [{ id: 'a', uses: 'model.chat', route, ...rest }] }, options);
}

/** A job whose first attempt has run for two seconds, and whose second one was handed out. */
function hedged(rest: Partial<StepBody> = {}, hedge: Hedge = { after: '2s' }): EngineDriver {
  const one = job(rest, hedge);
  one.claim();
  one.wait(2_000);
  one.claim();
  return one;
}

describe('an attempt that takes long', () => {
  test('gets a second one beside it, at the next target, when its time has come and not before', () => {
    const one = job();
    one.claim();
    expect(one.state.active['a#1']?.hedgeAtMs).toBe(one.nowMs + 2_000);
    one.wait(1_999);
    expect(one.claim()).toEqual([]);
    one.wait(1);
    expect(one.claim()).toEqual(['a#2']);
    expect(one.state.active['a#2']).toMatchObject({ target: B, hedgeOf: 1 });
    expect(one.activeKeys).toEqual(['a#1', 'a#2']);
    expect(one.claim()).toEqual([]);
    expect(one.told('fallback.taken')).toEqual([]);
  });

  test('that ends in time has none', () => {
    const one = job();
    one.claim();
    one.wait(1_000);
    one.succeed('a#1', {}, 5);
    expect(one.status).toBe('succeeded');
    expect(one.dueAtMs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('is hedged by another runner, three seconds later, when its own does not come', () => {
    const one = job();
    one.claim();
    expect(one.dueAtMs()).toBe(one.nowMs + 5_000);
    one.wait(4_999);
    expect(runnableCount(one.state, one.plan, one.nowMs)).toBe(0);
    one.wait(1);
    expect(runnableCount(one.state, one.plan, one.nowMs)).toBe(1);
    expect(one.claim()).toEqual(['a#2']);
    expect(runnableCount(one.state, one.plan, one.nowMs)).toBe(0);
  });

  test.each<[string, Hedge, EngineOptions, number | undefined]>([
    [
      'the measured time and a little',
      { after: 'p95' },
      { views: new Map([['openai', { latencyP95Ms: 700 }]]) },
      770,
    ],
    [
      'no less than a moment',
      { after: 'p95' },
      { views: new Map([['openai', { latencyP95Ms: 3 }]]) },
      50,
    ],
    ['what is written for a time that is not known', { after: 'p95', or: '3s' }, {}, 3_000],
    ['nothing, when it is not known', { after: 'p95' }, {}, undefined],
    ['nothing, when its own time is up first', { after: '60s' }, {}, undefined],
    [
      'nothing, when nobody else can serve',
      { after: '1s' },
      {
        unusable: new Map([
          ['groq', 'off'],
          ['mistral', 'off'],
        ]),
      },
      undefined,
    ],
    [
      'nothing, when its provider works on by itself',
      { after: '1s' },
      { views: new Map([['openai', { ticketSteps: ['model.chat'] }]]) },
      undefined,
    ],
  ])('waits for %s', (_what, hedge, options, afterMs) => {
    const one = job({}, hedge, options);
    one.claim();
    const { hedgeAtMs } = one.state.active['a#1'] ?? {};
    expect(hedgeAtMs === undefined ? undefined : hedgeAtMs - one.nowMs).toBe(afterMs);
  });

  test('passes over its own target, those that only give tickets, and those that cannot serve', () => {
    const targets = [A, { ...A }, B, C, LOCAL];
    const one = job({ route: { hedge: { after: '2s' }, targets } }, undefined, {
      unusable: new Map([['groq', 'off']]),
      views: new Map([['mistral', { ticketSteps: ['model.chat'] }]]),
    });
    one.claim();
    one.wait(2_000);
    one.claim();
    expect(one.state.active['a#2']).toMatchObject({ target: LOCAL, targetIndex: 4 });
  });

  test('says so when there is nobody any more who could be asked, and nobody is called for it', () => {
    const unusable = new Map<string, string>();
    const one = job({}, { after: '2s' }, { unusable });
    one.claim();
    unusable.set('groq', 'off').set('mistral', 'off');
    one.wait(5_000);
    expect(one.claim()).toEqual([]);
    expect(one.told('hedge.skipped')).toEqual(['hedge.skipped a#1']);
    expect(runnableCount(one.state, one.plan, one.nowMs)).toBe(0);
  });

  test('waits with its hedge for the end of a pause, and gets none after a cancel', () => {
    const one = job();
    one.claim();
    one.pause();
    one.wait(10_000);
    expect(one.claim()).toEqual([]);
    one.resume();
    expect(runnableCount(one.state, one.plan, one.nowMs)).toBe(1);
    one.cancel();
    expect(one.claim()).toEqual([]);
    expect(one.state.status).toBe('cancelling');
  });
});

describe('of two attempts side by side', () => {
  test.each([
    ['a#2', 'a#1', 7, 5],
    ['a#1', 'a#2', 5, 7],
  ])(
    'the first result is used, and the other attempt is paid when it reports: %s',
    (winner, loser, won, lost) => {
      const one = hedged();
      expect(one.succeed(winner, { from: winner }, won)).toBe('used');
      expect(one.status).toBe('succeeded');
      expect(one.told('attempt.superseded', 'attempt.succeeded')).toEqual([
        `attempt.superseded ${loser}`,
        `attempt.succeeded ${winner}`,
      ]);
      expect(one.state.cost).toEqual({ nanoUsd: won, unpricedAttempts: 1 });
      expect(one.outputs.get('output/a')).toEqual({ from: winner });
      expect(one.succeed(loser, { from: loser }, lost)).toBe('late');
      expect(one.state.cost).toEqual({ nanoUsd: won + lost, unpricedAttempts: 0 });
      expect(one.succeed(loser, {}, lost)).toBe('repeated');
      expect(one.outputs.get('output/a')).toEqual({ from: winner });
    },
  );

  test('one that is stopped and cannot say what it cost stays unpriced', () => {
    const one = hedged();
    one.succeed('a#2', {}, 7);
    one.fail('a#1', { class: 'cancelled', phase: 'unknown' }, null);
    expect(one.state.cost).toEqual({ nanoUsd: 7, unpricedAttempts: 1 });
  });

  test.each([
    ['a#1', 'a#2'],
    ['a#2', 'a#1'],
  ])('a failure waits for the other one: %s', (failing, other) => {
    const one = hedged();
    one.fail(failing, { class: 'overloaded', phase: 'rejected' });
    expect(one.event('attempt.failed').data).toMatchObject({ leftTo: other === 'a#1' ? 1 : 2 });
    expect(one.phase('a')).toEqual({ status: 'running' });
    expect(one.claim()).toEqual([]);
    one.succeed(other, {}, 3);
    expect(one.status).toBe('succeeded');
  });

  test('a failure that nothing could mend does not end the step either', () => {
    const one = hedged();
    one.fail('a#1', { class: 'invalid_request', phase: 'rejected' });
    one.succeed('a#2');
    expect(one.status).toBe('succeeded');
  });

  test('both may fail: the next attempt has a number of its own, goes on to the next target, and counts as the second', () => {
    const one = hedged({ retry: { max_attempts: 2 } });
    one.fail('a#2', { class: 'overloaded', phase: 'rejected' });
    one.fail('a#1', { class: 'overloaded', phase: 'rejected' });
    expect(one.phase('a')).toMatchObject({
      status: 'queued',
      next: { attempt: 3, notBeforeMs: one.nowMs },
    });
    one.wait(10_000);
    expect(one.claim()).toEqual(['a#3']);
    // The target that was asked beside the first one has its pause.
    expect(one.state.active['a#3']?.target).toEqual(C);
    one.fail('a#3', { class: 'overloaded', phase: 'rejected' });
    expect(one.event('step.failed').data).toMatchObject({ stopped: 'max_attempts' });
  });

  test('one is lost and the other goes on; its late result is still used', () => {
    const one = hedged();
    one.lose('a#1');
    expect(one.event('attempt.lost').data).toEqual({ possibleDuplicateSpend: true, leftTo: 2 });
    expect(one.succeed('a#1', { from: 1 }, 4)).toBe('used');
    expect(one.told('attempt.superseded')).toEqual(['attempt.superseded a#2']);
    expect(one.status).toBe('succeeded');
  });

  test('both are lost with their runner, and the first target is asked again at once', () => {
    const one = hedged();
    one.lose('a#1', 'a#2');
    expect(one.state.cost.unpricedAttempts).toBe(2);
    expect(one.phase('a')).toMatchObject({
      status: 'queued',
      next: { attempt: 3, notBeforeMs: one.nowMs, targetIndex: 0 },
    });
  });

  test('both are stopped by a cancel, which waits for them', () => {
    const one = hedged();
    one.cancel();
    one.fail('a#2', { class: 'cancelled' });
    expect(one.status).toBe('cancelling');
    one.fail('a#1', { class: 'cancelled' });
    expect(one.status).toBe('cancelled');
  });

  test('a hedge that was declined sent nothing: the next target is asked at once', () => {
    const one = hedged();
    one.decline('a#2', { reason: 'cooling_down' });
    expect(one.event('attempt.declined').data).toMatchObject({ leftTo: 1, hedgeAtMs: one.nowMs });
    expect(one.claim()).toEqual(['a#3']);
    expect(one.state.active['a#3']).toMatchObject({ target: C, hedgeOf: 1 });
    one.decline('a#3');
    expect(one.claim()).toEqual([]);
    one.succeed('a#1', {}, 2);
    expect(one.state.cost).toEqual({ nanoUsd: 2, unpricedAttempts: 0 });
  });

  test.each(['budget', 'budget_cheaper', 'budget_exceeded'] as const)(
    'a hedge for which a budget has no room leaves the first one to go on: %s',
    (reason) => {
      const one = hedged({ route: { hedge: { after: '2s' }, targets: [A, B] } });
      const refusal: BudgetRefusal = {
        budgetId: 'bud_1',
        onExceed: 'queue',
        limitNanoUsd: 10,
        spentNanoUsd: 9,
        reservedNanoUsd: 0,
        estimateNanoUsd: 2,
        resetsAtMs: null,
      };
      one.decline('a#2', { reason, refusal });
      expect(one.phase('a')).toEqual({ status: 'running' });
      expect(one.claim()).toEqual([]);
      one.succeed('a#1', {}, 2);
      expect(one.status).toBe('succeeded');
      expect(one.state.cost).toEqual({ nanoUsd: 2, unpricedAttempts: 0 });
    },
  );

  test.each([
    [1, []],
    [2, ['a#3']],
  ])('no more of them are made than the route says: %i', (max, keys) => {
    const one = hedged({}, { after: '2s', max });
    one.fail('a#2', { class: 'overloaded', phase: 'rejected' });
    expect(one.claim()).toEqual(keys);
  });

  test('an answer that fails its check is shown to the model again only when the other one has failed too', () => {
    const invalid = { class: 'output_invalid', phase: 'finished' } as const;
    const one = hedged({ check: { schema: {}, re_ask: 1 } });
    one.fail('a#1', invalid);
    expect(one.told('output.re_asked')).toEqual([]);
    one.fail('a#2', invalid);
    expect(one.event('output.re_asked').data).toEqual({ reAsks: 1 });
    expect(one.claim()).toEqual(['a#3']);
    expect(one.state.active['a#3']?.target).toEqual(B);
  });
});

describe('in a map', () => {
  const inMap = { for_each: '${{ [1, 2, 3] }}', max_concurrency: 2 } as const;

  test('an item with two attempts counts once under `max_concurrency`, and each item has its own hedges', () => {
    const one = hedged(inMap);
    expect(one.activeKeys.toSorted()).toEqual(['a[0]#1', 'a[0]#2', 'a[1]#1', 'a[1]#2']);
    one.succeed('a[0]#2', { n: 1 }, 1);
    expect(one.claim()).toEqual(['a[2]#1']);
    one.fail('a[1]#1', { class: 'overloaded', phase: 'rejected' });
    expect(one.item('a', 1)?.status).toBe('open');
    one.succeed('a[1]#2', {}, 1);
    one.succeed('a[2]#1', {}, 1);
    expect(one.status).toBe('succeeded');
    one.succeed('a[0]#1', {}, 10);
    expect(one.state.cost).toEqual({ nanoUsd: 13, unpricedAttempts: 0 });
  });

  test('an item fails once, however many of its attempts do', () => {
    const one = hedged({ ...inMap, on_item_failure: 'continue', retry: { max_attempts: 1 } });
    const failure = failureOf({ class: 'auth', phase: 'rejected' });
    one.settle({ 'a[0]#1': { ok: false, failure }, 'a[0]#2': { ok: false, failure } });
    expect(one.phase('a')).toMatchObject({ status: 'mapping', failed: 1 });
  });
});

test('a hedge leaves time for the targets that were not asked yet', () => {
  const one = job({ timeouts: { step: '60s', attempt: '60s' } });
  one.claim();
  expect((one.state.active['a#1']?.deadlineAtMs ?? 0) - one.nowMs).toBe(20_000);
  one.wait(2_000);
  one.claim();
  expect((one.state.active['a#2']?.deadlineAtMs ?? 0) - one.nowMs).toBe(29_000);
});

describe('a route is refused where a second target is never asked', () => {
  const hedge = { after: '2s' };
  test.each<[string, StepBody['route']]>([
    ['a single target', { hedge, targets: [A] }],
    ['the mode single', { hedge, strategy: { mode: 'single' }, targets: [A, B] }],
    ['one target twice', { hedge, targets: [A, A] }],
    [
      'conditions that choose one of two',
      { hedge, strategy: { mode: 'conditional' }, targets: [{ ...A, when: '${{ true }}' }, B] },
    ],
    [
      'work that goes on at its provider',
      { hedge, targets: [{ ...A, execution: 'background' }, { ...B, execution: 'batch' }, C] },
    ],
  ])('%s', (_what, route) => {
    const result = makePlan(definitionOf({ steps: [{ id: 'a', uses: 'model.chat', route }] }));
    expect(result).toMatchObject({
      ok: false,
      violations: [{ pointer: '/steps/0/route/hedge', code: 'contradiction' }],
    });
  });
});
