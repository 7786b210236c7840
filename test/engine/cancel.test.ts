import { describe, expect, test } from 'vitest';

import { EngineDriver, EPOCH_MS, type DefinitionBody } from '../support/engine-driver.ts';

const steps: DefinitionBody['steps'] = [
  { id: 'a', uses: 'data.compose' },
  { id: 'b', uses: 'data.compose' },
  { id: 'c', uses: 'data.compose', needs: ['a'], timeouts: { step: '20s' } },
];

function running(): EngineDriver {
  const job = new EngineDriver({ steps, timeouts: { job: '60s' } });
  job.claim();
  return job;
}

describe('E4: a cancel', () => {
  test('of a job that nobody works on ends it at once', () => {
    const job = new EngineDriver({ steps });
    job.cancel('key_7');
    expect(job.status).toBe('cancelled');
    expect(job.event('job.cancelled').data).toEqual({ by: 'key_7' });
    expect(job.claim()).toEqual([]);
  });

  test('of a job that waits for a retry ends it at once', () => {
    const job = new EngineDriver({ steps: steps.slice(0, 1) });
    job.claim();
    job.fail('a#1', { retryAfterMs: 5_000 });
    job.cancel();
    expect(job.status).toBe('cancelled');
    expect(job.dueAtMs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('of a running job waits for its attempts, and starts nothing meanwhile', () => {
    const job = running();
    job.cancel();
    expect(job.status).toBe('cancelling');
    job.succeed('a#1', {}, 4);
    expect(job.claim()).toEqual([]);
    expect(job.phase('c').status).toBe('pending');
    job.fail('b#1', { class: 'cancelled' }, null);
    expect(job.state).toMatchObject({
      status: 'cancelled',
      cost: { nanoUsd: 4, unpricedAttempts: 1 },
    });
    expect(job.state.steps['b']?.attempts).toMatchObject([{ outcome: 'failed' }]);
  });

  test('is not followed by a retry, and the last attempt says why', () => {
    const job = running();
    job.cancel();
    job.fail('a#1', { class: 'network' });
    expect(job.event('attempt.failed').data).toMatchObject({ stopped: 'cancelled' });
    expect(job.phase('a').status).toBe('running');
    job.lose('b#1');
    expect(job.event('attempt.lost').data).toMatchObject({ stopped: 'cancelled' });
    expect(job.status).toBe('cancelled');
  });

  test('that comes twice is one', () => {
    const job = running();
    job.cancel('first');
    const { seq } = job.state;
    job.cancel('second');
    expect(job.state.seq).toBe(seq);
    job.settle({ 'a#1': { ok: true }, 'b#1': { ok: true } });
    job.cancel('third');
    expect(job.told('job.cancelling', 'job.cancelled')).toEqual([
      'job.cancelling',
      'job.cancelled',
    ]);
  });

  test.each(['succeeded', 'failed', 'expired', 'timed_out'] as const)(
    'of a job that has %s changes nothing',
    (status) => {
      const job = new EngineDriver({
        steps: steps.slice(0, 1),
        timeouts: { job: '60s', queue: '30s' },
      });
      if (status !== 'expired') job.claim();
      if (status === 'succeeded') job.succeed('a#1');
      if (status === 'failed') job.fail('a#1', { class: 'auth' });
      if (status === 'expired') job.wait(30_000);
      if (status === 'timed_out') job.wait(60_000);
      const before = job.state;
      job.cancel();
      expect(job.state).toEqual(before);
      expect(job.status).toBe(status);
    },
  );

  test('ends at the deadline of the job at the latest', () => {
    const job = running();
    job.cancel();
    expect(job.dueAtMs()).toBe(EPOCH_MS + 60_000);
    job.wait(60_000);
    expect(job.status).toBe('cancelled');
    expect(job.event('job.cancelled').data).toEqual({ by: 'key_1' });
    expect(job.succeed('a#1', {}, 9)).toBe('late');
    expect(job.state.cost.nanoUsd).toBe(9);
  });

  test('stays a cancel when a step runs out of time meanwhile', () => {
    const job = running();
    job.succeed('a#1');
    expect(job.phase('c').status).toBe('queued');
    job.cancel();
    job.wait(20_000);
    expect(job.status).toBe('cancelling');
    expect(job.dueAtMs()).toBeGreaterThan(job.nowMs);
    job.succeed('b#1');
    expect(job.status).toBe('cancelled');
  });

  test('against the last result: whoever comes first decides', () => {
    const first = new EngineDriver({ steps: steps.slice(0, 1) });
    first.claim();
    first.succeed('a#1');
    first.cancel();
    expect(first.status).toBe('succeeded');
    const second = new EngineDriver({ steps: steps.slice(0, 1) });
    second.claim();
    second.cancel();
    second.succeed('a#1');
    expect(second.status).toBe('cancelled');
    expect(second.phase('a').status).toBe('succeeded');
  });
});
