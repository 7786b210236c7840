import { describe, expect, test } from 'vitest';

import { EngineDriver, type DefinitionBody, type StepBody } from '../support/engine-driver.ts';

const A = { provider: 'openai', model: 'a' };
const B = { provider: 'groq', model: 'b' };

function chat(rest: Partial<StepBody> = {}): DefinitionBody {
  return {
    timeouts: { job: '5d' },
    steps: [{ id: 'a', uses: 'model.chat', route: { targets: [A, B] }, ...rest }],
  };
}

const ONE = { route: { targets: [A] } };

/** A job with its first attempt handed out. */
function begun(rest: Partial<StepBody> = {}): EngineDriver {
  const job = new EngineDriver(chat(rest), { random: [0.5] });
  job.claim();
  return job;
}

describe('an attempt that its target’s gate declines', () => {
  test('is told as a skipped target, costs nothing, and the next target is tried at once', () => {
    const job = begun();
    expect(job.decline('a#1', { reason: 'circuit_open', inMs: 30_000 })).toBe('used');
    const untilAtMs = job.nowMs + 30_000;
    expect(job.event('target.skipped').data).toEqual({
      target: A,
      reason: 'circuit_open',
      untilAtMs,
    });
    expect(job.event('attempt.declined').data).toEqual({
      reason: 'circuit_open',
      untilAtMs,
      retry: { atMs: job.nowMs, targetIndex: 1 },
    });
    expect(job.claim()).toEqual(['a#2']);
    expect(job.state.active['a#2']?.target).toEqual(B);
    expect(job.event('fallback.taken').data).toMatchObject({ from: A, because: 'circuit_open' });
    job.succeed('a#2', {}, 5);
    expect(job.state.cost).toEqual({ nanoUsd: 5, unpricedAttempts: 0 });
    expect(job.state.steps['a']?.attempts).toMatchObject([
      { attempt: 1, outcome: 'declined', declined: { reason: 'circuit_open', times: 1 } },
      { attempt: 2, outcome: 'succeeded' },
    ]);
  });

  test.each([
    ['cooling_down', 'rate_limited', 'timeout', false],
    ['cooling_down', 'overloaded', 'overloaded', true],
    ['circuit_open', 'auth', 'context_window', false],
    ['circuit_open', undefined, 'timeout', true],
    ['rate_limit', undefined, 'timeout', false],
    ['concurrency', undefined, 'rate_limited', true],
    ['held', undefined, 'timeout', true],
  ] as const)(
    'for %s after %s, where the route moves on for %s: moves on %s',
    (reason, because, on, moves) => {
      const job = begun({ route: { strategy: { mode: 'fallback', on: [on] }, targets: [A, B] } });
      const cause = because === undefined ? {} : { because };
      job.decline('a#1', { reason, ...cause, inMs: 30_000 });
      expect(job.event('attempt.declined').data).toMatchObject({ reason, ...cause });
      expect(job.claim()).toEqual(moves ? ['a#2'] : []);
      if (!moves) job.waitUntil(job.dueAtMs());
      job.claim();
      expect(job.state.active['a#2']?.target).toEqual(moves ? B : A);
    },
  );

  test('goes back to the target that it has come from, whatever has closed the next one', () => {
    const job = begun({
      route: { strategy: { mode: 'fallback', on: ['overloaded'] }, targets: [A, B] },
    });
    job.decline('a#1', { reason: 'cooling_down', because: 'overloaded', inMs: 2_000 });
    job.claim();
    job.decline('a#2', { reason: 'circuit_open', because: 'auth', inMs: 600_000 });
    job.waitUntil(job.dueAtMs());
    job.claim();
    expect(job.state.active['a#3']?.target).toEqual(A);
  });

  test('waits for the target that opens first when all are closed, and a little longer than told', () => {
    const job = begun();
    job.decline('a#1', { inMs: 30_000 });
    job.claim();
    job.decline('a#2', { inMs: 8_000 });
    expect(job.claim()).toEqual([]);
    const { next } = job.phase('a') as { next: { notBeforeMs: number; targetIndex: number } };
    expect(next.targetIndex).toBe(1);
    expect(next.notBeforeMs - job.nowMs).toBeGreaterThanOrEqual(8_000);
    expect(next.notBeforeMs - job.nowMs).toBeLessThanOrEqual(10_000);
    job.wait(10_000);
    expect(job.claim()).toEqual(['a#3']);
    expect(job.state.active['a#3']?.target).toEqual(B);
  });

  test('does not count against the attempts, however often', () => {
    const job = begun({ ...ONE, retry: { max_attempts: 2 } });
    for (let attempt = 1; attempt <= 50; attempt += 1) {
      job.decline(`a#${attempt}`, { inMs: 60_000 });
      job.waitUntil(job.dueAtMs());
      expect(job.claim()).toEqual([`a#${attempt + 1}`]);
    }
    expect(job.state.steps['a']?.attempts).toMatchObject([{ declined: { times: 50 } }]);
    job.fail('a#51', { class: 'network', phase: 'not_sent' });
    job.waitUntil(job.dueAtMs());
    job.claim();
    job.decline('a#52');
    job.waitUntil(job.dueAtMs());
    job.claim();
    job.fail('a#53', { class: 'network', phase: 'not_sent' });
    expect(job.event('step.failed').data.stopped).toBe('max_attempts');
  });

  test('is not asked for in a busy loop, whatever the runner says of the moment', () => {
    for (const inMs of [-86_400_000, 0, 1]) {
      const job = begun(ONE);
      job.decline('a#1', { inMs });
      expect(job.dueAtMs() - job.nowMs).toBeGreaterThanOrEqual(1_000);
    }
    const job = begun(ONE);
    job.decline('a#1', { inMs: 86_400_000 });
    expect(job.dueAtMs() - job.nowMs).toBeLessThan(910_000);
  });

  test('is asked for the seldomer the longer its target is down, and as often as before at a limit', () => {
    for (const [reason, most] of [
      ['circuit_open', 120],
      ['held', 120],
      ['rate_limit', 4_000],
    ] as const) {
      const job = begun(ONE);
      const endMs = job.nowMs + 3_600_000;
      let asked = 0;
      for (; job.nowMs < endMs; asked += 1) {
        job.decline(`a#${asked + 1}`, { reason, inMs: 1_000 });
        job.waitUntil(job.dueAtMs());
        job.claim();
      }
      expect(asked).toBeLessThan(most);
      expect(asked).toBeGreaterThan(reason === 'rate_limit' ? 2_000 : 20);
    }
  });

  test('lasts until a deadline, and no longer', () => {
    const job = begun({ ...ONE, timeouts: { step: '2m' } });
    for (let attempt = 1; job.status !== 'failed'; attempt += 1) {
      job.decline(`a#${attempt}`, { inMs: 60_000 });
      job.waitUntil(job.dueAtMs());
      job.claim();
    }
    expect(job.event('step.failed').data).toMatchObject({ stopped: 'deadline' });
  });

  test('after a cancel leads to nothing', () => {
    const job = begun();
    job.cancel();
    expect(job.decline('a#1')).toBe('used');
    expect(job.event('attempt.declined').data).toMatchObject({ stopped: 'cancelled' });
    expect(job.status).toBe('cancelled');
  });

  test('keeps its place in a map, and its item goes on', () => {
    const job = new EngineDriver(
      chat({ ...ONE, for_each: '${{ input.list }}', max_concurrency: 2 }),
      { input: { list: [1, 2, 3] } },
    );
    expect(job.claim()).toEqual(['a[0]#1', 'a[1]#1']);
    job.decline('a[0]#1', { inMs: 5_000 });
    expect(job.claim()).toEqual([]);
    job.succeed('a[1]#1');
    expect(job.claim()).toEqual(['a[2]#1']);
    job.succeed('a[2]#1');
    job.waitUntil(job.dueAtMs());
    expect(job.claim()).toEqual(['a[0]#2']);
    job.succeed('a[0]#2');
    expect(job.status).toBe('succeeded');
    expect(job.item('a', 0)?.attempts).toMatchObject([
      { outcome: 'declined' },
      { outcome: 'succeeded' },
    ]);
  });

  test('is not a call of which nobody knows what became of it', () => {
    const job = begun(ONE);
    job.lose('a#1');
    expect(job.decline('a#1')).toBe('late');
    expect(job.state.cost).toEqual({ nanoUsd: 0, unpricedAttempts: 0 });
    expect(job.decline('a#1')).toBe('repeated');
  });

  test('leaves a model that is asked again with what it got wrong', () => {
    const job = begun({ ...ONE, check: { schema: {}, re_ask: 1 } });
    job.fail('a#1', { class: 'output_invalid', phase: 'finished' });
    job.claim();
    job.decline('a#2');
    job.waitUntil(job.dueAtMs());
    expect(job.claim()).toEqual(['a#3']);
    job.fail('a#3', { class: 'output_invalid', phase: 'finished' });
    expect(job.event('step.failed').data.stopped).not.toBe('max_attempts');
  });

  test('does not go to a target that would refuse again', () => {
    const job = begun();
    job.fail('a#1', { class: 'auth', phase: 'rejected' });
    job.claim();
    job.decline('a#2', { inMs: 3_000 });
    const { next } = job.phase('a') as { next: { targetIndex: number } };
    expect(next.targetIndex).toBe(1);
  });
});
