import { describe, expect, test } from 'vitest';

import { EngineDriver, type StepBody } from '../support/engine-driver.ts';
import { Witness } from '../support/engine-invariants.ts';

const compose = (id: string, rest: Partial<StepBody> = {}): StepBody => ({
  id,
  uses: 'data.compose',
  ...rest,
});

function watched(steps: readonly StepBody[], input = {}): { job: EngineDriver; check: () => void } {
  const job = new EngineDriver({ steps: [...steps] }, { input });
  const witness = new Witness(job);
  return { job, check: () => witness.check(new Map()) };
}

const BAD = { class: 'step_input_invalid' } as const;

describe('on_failure: continue', () => {
  test('lets the job go on, and those that need the step see it failed', () => {
    const { job, check } = watched([
      compose('extra', { on_failure: 'continue' }),
      compose('main', { with: { x: '${{ steps.extra.output.text }}' } }),
    ]);
    job.claim();
    job.fail('extra#1', BAD);
    expect(job.phase('extra')).toMatchObject({ status: 'failed', stopped: 'not_retryable' });
    expect(job.claim()).toEqual(['main#1']);
    job.succeed('main#1');
    expect(job.status).toBe('partially_succeeded');
    check();
  });

  test('holds for a map, whose running items come too late to matter', () => {
    const { job, check } = watched(
      [
        compose('each', { for_each: '${{ input.list }}', on_failure: 'continue' }),
        compose('after', { needs: ['each'] }),
      ],
      { list: [1, 2, 3] },
    );
    job.claim();
    job.fail('each[0]#1', BAD);
    expect(job.phase('each').status).toBe('failed');
    job.fail('each[1]#1', { class: 'network' });
    job.succeed('each[2]#1');
    expect(job.phase('each').status).toBe('failed');
    expect(job.claim()).toEqual(['after#1']);
    job.succeed('after#1');
    expect(job.status).toBe('partially_succeeded');
    check();
  });

  test('a condition sees the status', () => {
    const { job } = watched([
      compose('extra', { on_failure: 'continue' }),
      compose('alarm', { if: "${{ steps.extra.status == 'failed' }}" }),
      compose('cheer', { if: "${{ steps.extra.status == 'succeeded' }}" }),
    ]);
    job.claim();
    job.fail('extra#1', BAD);
    expect(job.claim()).toEqual(['alarm#1']);
    expect(job.phase('cheer')).toMatchObject({ status: 'skipped', reason: 'condition' });
  });
});

describe('on_failure: a step', () => {
  const steps = [
    compose('main', { on_failure: { step: 'backup' } }),
    compose('backup', { with: { why: '${{ steps.main.error.class }}' } }),
    compose('after', { if: '${{ steps.main.output.ok }}' }),
  ];

  test('is skipped when nothing failed', () => {
    const { job, check } = watched(steps);
    expect(job.claim()).toEqual(['main#1']);
    job.succeed('main#1', { ok: true });
    expect(job.phase('backup')).toMatchObject({ status: 'skipped', reason: 'no_failure' });
    expect(job.claim()).toEqual(['after#1']);
    job.succeed('after#1');
    expect(job.status).toBe('succeeded');
    check();
  });

  test('stands in for the failed step: its output is read as that one’s', () => {
    const { job, check } = watched(steps);
    job.claim();
    job.fail('main#1', BAD);
    expect(job.phase('main')).toMatchObject({ status: 'failed', handler: 'backup' });
    expect(job.claim()).toEqual(['backup#1']);
    job.succeed('backup#1', { ok: true });
    expect(job.claim()).toEqual(['after#1']);
    job.succeed('after#1');
    expect(job.status).toBe('partially_succeeded');
    check();
  });

  test('that fails too fails the job', () => {
    const { job, check } = watched(steps);
    job.claim();
    job.fail('main#1', BAD);
    job.claim();
    job.fail('backup#1', BAD);
    expect(job.state).toMatchObject({ status: 'failed', reason: { code: 'step_input_invalid' } });
    check();
  });

  test('that is skipped by its own condition leaves the failure as it was', () => {
    const { job, check } = watched([
      compose('main', { on_failure: { step: 'backup' } }),
      compose('backup', { if: "${{ steps.main.error.class == 'timeout' }}" }),
    ]);
    job.claim();
    job.fail('main#1', BAD);
    expect(job.state.status).toBe('failed');
    expect(job.state.reason?.message).toMatch(/^step main failed/);
    check();
  });
});

describe('on_item_failure: continue', () => {
  const steps = [
    compose('each', {
      for_each: '${{ input.list }}',
      on_item_failure: 'continue',
      max_concurrency: 2,
    }),
  ];

  test('goes on without the items that fail', () => {
    const { job, check } = watched(steps, { list: [1, 2, 3] });
    expect(job.claim()).toEqual(['each[0]#1', 'each[1]#1']);
    job.fail('each[0]#1', BAD);
    job.succeed('each[1]#1', { n: 2 });
    expect(job.claim()).toEqual(['each[2]#1']);
    job.fail('each[2]#1', { class: 'network' });
    expect(job.status).toBe('running');
    job.wait(1_000);
    job.claim();
    job.succeed('each[2]#2', { n: 3 });
    expect(job.phase('each')).toMatchObject({ status: 'succeeded', items: 3, itemsFailed: 1 });
    expect(job.status).toBe('partially_succeeded');
    check();
  });

  test('ends with the last item even when that fails', () => {
    const { job, check } = watched(steps, { list: [1, 2] });
    job.claim();
    job.succeed('each[0]#1');
    job.fail('each[1]#1', BAD);
    expect(job.status).toBe('partially_succeeded');
    check();
  });

  test('fails when all items have', () => {
    const { job, check } = watched(steps, { list: [1, 2] });
    job.claim();
    job.fail('each[0]#1', BAD);
    job.fail('each[1]#1', BAD);
    expect(job.status).toBe('failed');
    check();
  });
});
