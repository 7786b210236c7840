import { describe, expect, test } from 'vitest';

import { EngineDriver, EPOCH_MS, type StepBody } from '../support/engine-driver.ts';
import { Witness } from '../support/engine-invariants.ts';

const wait = (input: NonNullable<StepBody['with']>, rest: Partial<StepBody> = {}): StepBody => ({
  id: 'w',
  uses: 'wait',
  with: input,
  ...rest,
});
const after: StepBody = { id: 'after', uses: 'data.compose', needs: ['w'] };

function watched(steps: readonly StepBody[], input = {}): { job: EngineDriver; check: () => void } {
  const job = new EngineDriver({ steps: [...steps] }, { input });
  const witness = new Witness(job);
  return { job, check: () => witness.check(new Map()) };
}

describe('a wait for a time', () => {
  test('needs no runner, and the job says that it waits', () => {
    const { job, check } = watched([wait({ duration: '10m' }), after]);
    expect(job.claim()).toEqual([]);
    expect(job.status).toBe('waiting');
    expect(job.dueAtMs()).toBe(EPOCH_MS + 600_000);
    job.wait(599_999);
    expect(job.status).toBe('waiting');
    job.wait(1);
    expect(job.phase('w').status).toBe('succeeded');
    expect(job.claim()).toEqual(['after#1']);
    expect(job.status).toBe('running');
    job.succeed('after#1');
    expect(job.status).toBe('succeeded');
    expect(job.told()).toEqual([
      'job.queued',
      'job.started',
      'step.queued w',
      'step.started w',
      'wait.started w',
      'job.waiting',
      'wait.completed w',
      'step.succeeded w',
      'step.queued after',
      'job.resumed',
      'step.started after',
      'attempt.started after#1',
      'attempt.succeeded after#1',
      'step.succeeded after',
      'job.succeeded',
    ]);
    check();
  });

  test('may be computed', () => {
    const until = new Date(EPOCH_MS + 5_000).toISOString();
    const { job } = watched([wait({ until: '${{ input.until }}' }), after], { until });
    job.waitUntil(EPOCH_MS + 5_000);
    expect(job.phase('w').status).toBe('succeeded');
  });

  test('that has passed is over at once', () => {
    const { job } = watched([wait({ until: '2020-01-01T00:00:00Z' }), after]);
    expect(job.claim()).toEqual(['after#1']);
  });

  test.each([
    [{ until: '${{ input.x }}' }, /`until` must be a time/],
    [{ duration: '${{ input.x }}' }, /`duration` must be a duration/],
    [{ event: '${{ input.x }}' }, /`event` must be a name/],
    [{ duration: '31d' }, /at most 30 days/],
  ])('%j that makes no sense fails the step', (input, message) => {
    const { job } = watched([wait(input), after], { x: 'no such thing!' });
    expect(job.state.status).toBe('failed');
    expect(job.state.reason?.message).toMatch(message);
  });

  test('outlasted by the job’s deadline times the job out', () => {
    const { job } = watched([wait({ duration: '2h' })]);
    job.wait(3_600_000);
    expect(job.status).toBe('timed_out');
  });
});

describe('a wait for an event', () => {
  test('takes its payload as output, which expressions read', () => {
    const { job, check } = watched([
      wait({ event: 'approved' }),
      { id: 'after', uses: 'data.compose', if: '${{ steps.w.output.ok }}' },
    ]);
    expect(job.state).toMatchObject({ status: 'waiting' });
    expect(job.phase('w')).toEqual({ status: 'waiting', on: { kind: 'event', name: 'approved' } });
    job.send('other', {});
    expect(job.status).toBe('waiting');
    job.send('approved', { ok: true }, 'key_9');
    expect(job.event('wait.completed').data).toEqual({ by: 'key_9' });
    expect(job.claim()).toEqual(['after#1']);
    job.send('approved', { ok: false });
    job.succeed('after#1');
    expect(job.status).toBe('succeeded');
    check();
  });

  test('fails when its time is up, and the job may do without it', () => {
    const steps = [
      wait({ event: 'approved' }, { timeouts: { step: '1m' }, on_failure: 'continue' as const }),
      after,
    ];
    const { job, check } = watched(steps);
    job.wait(60_000);
    expect(job.told('wait.timed_out', 'step.failed')).toEqual([
      'wait.timed_out w',
      'step.failed w',
    ]);
    expect(job.phase('w')).toMatchObject({ failure: { class: 'timeout' }, stopped: 'deadline' });
    job.claim();
    job.succeed('after#1');
    expect(job.status).toBe('partially_succeeded');
    check();
  });

  test('does not hold up others', () => {
    const { job } = watched([wait({ event: 'go' }), { id: 'b', uses: 'data.compose' }]);
    expect(job.status).not.toBe('waiting');
    expect(job.claim()).toEqual(['b#1']);
    job.succeed('b#1');
    expect(job.status).toBe('waiting');
  });

  test('ends with a cancel at once', () => {
    const { job } = watched([wait({ event: 'go' })]);
    job.cancel();
    expect(job.status).toBe('cancelled');
  });
});

describe('a pause', () => {
  const steps: StepBody[] = [
    { id: 'a', uses: 'data.compose' },
    { id: 'b', uses: 'data.compose', needs: ['a'] },
  ];

  test('lets what runs end, and nothing start before the job is resumed', () => {
    const { job, check } = watched(steps);
    job.claim();
    job.pause('key_2');
    expect(job.status).toBe('paused');
    job.succeed('a#1');
    expect(job.claim()).toEqual([]);
    expect(job.phase('b').status).toBe('pending');
    job.resume();
    expect(job.claim()).toEqual(['b#1']);
    job.succeed('b#1');
    expect(job.status).toBe('succeeded');
    check();
  });

  test('before the start leaves the job queued after it', () => {
    const { job, check } = watched(steps);
    job.pause();
    expect(job.claim()).toEqual([]);
    job.resume();
    expect(job.status).toBe('queued');
    expect(job.claim()).toEqual(['a#1']);
    check();
  });

  test('does not stop the deadlines', () => {
    const { job } = watched(steps);
    job.claim();
    job.pause();
    job.wait(3_600_000);
    expect(job.status).toBe('timed_out');
  });

  test('of a job that waits keeps its events, and what follows them waits for the resume', () => {
    const { job, check } = watched([wait({ event: 'go' }), after]);
    job.pause();
    job.send('go', {});
    expect(job.phase('w').status).toBe('succeeded');
    expect(job.claim()).toEqual([]);
    job.resume();
    expect(job.claim()).toEqual(['after#1']);
    check();
  });

  test('does not keep a job from being cancelled, nor from ending', () => {
    const { job } = watched([{ id: 'a', uses: 'data.compose' }]);
    job.claim();
    job.pause();
    job.succeed('a#1');
    expect(job.status).toBe('succeeded');
    const other = watched(steps).job;
    other.pause();
    other.cancel();
    expect(other.status).toBe('cancelled');
  });
});
