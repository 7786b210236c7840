import { describe, expect, test } from 'vitest';

import { EngineDriver, EPOCH_MS, EVERYTHING, type StepBody } from '../support/engine-driver.ts';

const step = (id: string, rest: Partial<StepBody> = {}): StepBody => ({
  id,
  uses: 'data.compose',
  ...rest,
});

const openai = { provider: 'openai', model: 'm' };

describe('the attempt', () => {
  test('has the time that its step gives it', () => {
    const job = new EngineDriver({ steps: [step('a', { timeouts: { attempt: '5s' } })] });
    job.claim();
    expect(job.state.active['a#1']?.deadlineAtMs).toBe(EPOCH_MS + 5_000);
  });

  test('has no more than its step has left', () => {
    const job = new EngineDriver({
      steps: [step('a', { timeouts: { attempt: '5s', step: '8s' } })],
    });
    job.claim();
    job.nowMs += 4_000;
    job.fail('a#1', { retryAfterMs: 0 });
    job.claim();
    expect(job.state.active['a#2']?.deadlineAtMs).toBe(EPOCH_MS + 8_000);
  });

  test('has no more than its job has left', () => {
    const job = new EngineDriver({ steps: [step('a'), step('b')], timeouts: { job: '10s' } });
    job.nowMs += 9_000;
    job.claim();
    expect(job.state.active['a#1']?.deadlineAtMs).toBe(EPOCH_MS + 10_000);
  });

  test('is not handed to a runner that may not live to see its end', () => {
    const job = new EngineDriver({
      steps: [step('slow'), step('quick', { timeouts: { attempt: '5s' } })],
    });
    expect(job.claim({ untilMs: EPOCH_MS + 5_000 })).toEqual(['quick#1']);
    expect(job.lastClaim).toMatchObject({ unfit: true, starved: false });
    expect(job.claim({ untilMs: EPOCH_MS + 30_000 })).toEqual(['slow#1']);
  });

  test('that overruns its deadline is still used as long as its runner holds it', () => {
    const job = new EngineDriver({ steps: [step('a', { timeouts: { attempt: '5s' } })] });
    job.claim();
    job.wait(6_000);
    expect(job.status).toBe('running');
    expect(job.succeed('a#1')).toBe('used');
    expect(job.status).toBe('succeeded');
  });
});

describe('the step', () => {
  test('that waits for a retry beyond its time is not tried again', () => {
    const job = new EngineDriver({ steps: [step('a', { timeouts: { step: '8s' } })] });
    job.claim();
    job.fail('a#1', { class: 'rate_limited', retryAfterMs: 8_000 });
    expect(job.phase('a')).toMatchObject({ status: 'failed', stopped: 'deadline' });
    expect(job.status).toBe('failed');
  });

  test('that nobody takes fails when its time is up', () => {
    const job = new EngineDriver({ steps: [step('a'), step('b', { timeouts: { step: '8s' } })] });
    job.claim({ capacity: { calls: 0, local: 1 } });
    expect(job.dueAtMs()).toBe(EPOCH_MS + 8_000);
    job.wait(7_999);
    expect(job.status).toBe('running');
    job.wait(1);
    expect(job.phase('b')).toMatchObject({
      status: 'failed',
      stopped: 'deadline',
      failure: { class: 'timeout' },
    });
    expect(job.state).toMatchObject({ status: 'failed', reason: { code: 'timeout' } });
  });

  test('that is a map fails when its time is up, whatever its items do', () => {
    const job = new EngineDriver(
      { steps: [step('m', { for_each: '${{ input.l }}', timeouts: { step: '8s' } })] },
      { input: { l: [1, 2] } },
    );
    job.claim();
    job.wait(8_000);
    expect(job.status).toBe('failed');
    expect(job.succeed('m[0]#1', {}, 3)).toBe('late');
    expect(job.state.cost.nanoUsd).toBe(3);
  });

  test('that runs at its deadline is left to its attempt: no moment is due again and again', () => {
    const job = new EngineDriver({
      steps: [step('a', { timeouts: { attempt: '8s', step: '8s' } })],
    });
    job.claim();
    job.wait(8_000);
    expect(job.status).toBe('running');
    expect(job.dueAtMs()).toBe(job.birth.deadlineAtMs);
    job.fail('a#1', { class: 'timeout' });
    expect(job.phase('a')).toMatchObject({ status: 'failed', stopped: 'deadline' });
  });
});

describe('the queue', () => {
  test('a job that no runner has started expires, and costs nothing', () => {
    const job = new EngineDriver({ steps: [step('a')], timeouts: { queue: '10s' } });
    expect(job.dueAtMs()).toBe(EPOCH_MS + 10_000);
    job.wait(9_999);
    expect(job.status).toBe('queued');
    job.wait(1);
    expect(job.state).toMatchObject({ status: 'expired', cost: { nanoUsd: 0 }, reason: null });
    expect(job.told()).toEqual(['job.queued', 'step.queued a', 'job.expired']);
  });

  test('a runner that comes too late gets nothing', () => {
    const job = new EngineDriver({ steps: [step('a')], timeouts: { queue: '10s' } });
    job.nowMs += 10_000;
    expect(job.claim()).toEqual([]);
    expect(job.status).toBe('expired');
  });

  test('does not matter any more once a runner has begun', () => {
    const job = new EngineDriver({ steps: [step('a')], timeouts: { queue: '10s' } });
    job.claim();
    job.wait(10_000);
    expect(job.status).toBe('running');
    expect(job.dueAtMs()).toBe(EPOCH_MS + 3_600_000);
  });

  test('E4: a job that reaches its shard too late expires, and nothing of it starts', () => {
    const late = { timeouts: { job: '1s', queue: '200ms' }, steps: [step('a')] };
    const job = new EngineDriver(late, { lateMs: 200, first: EVERYTHING });
    expect(job.told()).toEqual(['job.queued', 'job.expired']);
    expect(new EngineDriver(late, { lateMs: 199, first: EVERYTHING }).activeKeys).toEqual(['a#1']);
  });
});

function runningFor10s(): EngineDriver {
  const job = new EngineDriver({ steps: [step('a')], timeouts: { job: '10s' } });
  job.claim();
  return job;
}

describe('the job', () => {
  test('times out while an attempt runs; what it cost is added when it is known', () => {
    const job = new EngineDriver({
      steps: [step('a', { uses: 'model.chat', route: { targets: [openai] } })],
      timeouts: { job: '10s' },
    });
    job.claim();
    job.wait(10_000);
    expect(job.status).toBe('timed_out');
    expect(job.dueAtMs()).toBe(Number.POSITIVE_INFINITY);
    job.fail('a#1', { class: 'timeout' }, 12);
    expect(job.state).toMatchObject({ status: 'timed_out', cost: { nanoUsd: 12 } });
    expect(job.told().at(-1)).toBe('cost.adjusted a#1');
  });

  test.each(['the alarm', 'the runner', 'the lease'])(
    'has timed out, whoever says first that the time is up: %s',
    (first) => {
      const job = new EngineDriver({ steps: [step('a')], timeouts: { job: '10s' } });
      job.claim();
      job.nowMs += 10_000;
      if (first === 'the alarm') job.wait(0);
      if (first === 'the runner') job.fail('a#1', { class: 'timeout' });
      if (first === 'the lease') job.lose('a#1');
      expect(job.status).toBe('timed_out');
    },
  );

  test('keeps what came in at its last moment, and times out all the same', () => {
    const job = new EngineDriver({ steps: [step('a')], timeouts: { job: '10s' } });
    job.claim();
    job.nowMs += 10_000;
    expect(job.succeed('a#1')).toBe('used');
    expect(job.phase('a').status).toBe('succeeded');
    expect(job.status).toBe('timed_out');
  });

  test('has time for a retry that ends a moment before its own end, not for one that ends with it', () => {
    const [inTime, tooLate] = [runningFor10s(), runningFor10s()];
    inTime.fail('a#1', { retryAfterMs: 9_999 });
    tooLate.fail('a#1', { retryAfterMs: 10_000 });
    expect(inTime.status).toBe('running');
    expect(tooLate.phase('a')).toMatchObject({ status: 'failed', stopped: 'deadline' });
    expect(tooLate.status).toBe('failed');
  });
});
