import { describe, expect, test } from 'vitest';

import type { Json } from '../../src/domain/json.ts';
import { EngineDriver, type StepBody } from '../support/engine-driver.ts';

const step = (id: string, rest: Partial<StepBody> = {}): StepBody => ({
  id,
  uses: 'data.compose',
  ...rest,
});

/** A job whose first step `a` has this output, and whose second one `b` has this condition. */
function afterA(condition: string, output: Json, input: Json = {}): EngineDriver {
  const job = new EngineDriver(
    { steps: [step('a'), step('b', { needs: ['a'], if: condition })] },
    { input },
  );
  job.claim();
  job.succeed('a#1', output);
  return job;
}

describe('a condition', () => {
  test('true opens the step, false skips it and the job goes on', () => {
    expect(afterA('${{ steps.a.output.go }}', { go: true }).phase('b').status).toBe('queued');
    const skipped = afterA('${{ steps.a.output.go }}', { go: false });
    expect(skipped.phase('b')).toEqual({ status: 'skipped', reason: 'condition' });
    expect(skipped.status).toBe('succeeded');
  });

  test.each(['${{ steps.a.output.n }}', '${{ "true" }}', '${{ null }}', '${{ [true] }}'])(
    'that is neither true nor false fails the step: %s',
    (condition) => {
      const job = afterA(condition, { n: 1 });
      expect(job.phase('b')).toMatchObject({
        status: 'failed',
        failure: { class: 'expression_failed' },
      });
      expect(job.state.reason?.message).toMatch(/`if`: `.*` must be true or false$/);
    },
  );

  test('that cannot be evaluated fails the step, and says why', () => {
    const job = afterA('${{ steps.a.output.missing > 1 }}', {});
    expect(job.status).toBe('failed');
    expect(job.state.reason?.message).toContain(
      'step b failed: `if`: `steps.a.output.missing > 1` cannot be evaluated',
    );
  });

  test.each<[string, Json, boolean]>([
    ['${{ has(steps.a.output.flag) }}', {}, false],
    ['${{ has(steps.a.output.flag) }}', { flag: null }, false],
    ['${{ has(steps.a.output.flag) && steps.a.output.flag }}', { flag: true }, true],
    ['${{ has(steps.a.output.deep.flag) }}', { deep: {} }, false],
    ['${{ has(steps.a.output.deep.flag) }}', {}, false],
    ['${{ has(steps.a.output.flag) || has(steps.a.output.other) }}', { other: 1 }, true],
    ['${{ !has(steps.a.output.deep.flag) && steps.a.output.n == 1 }}', { deep: {}, n: 1 }, true],
    ['${{ has(input.options.fast) && input.options.fast }}', {}, false],
    ['${{ !has(input.options.fast) && input.on }}', {}, true],
    ['${{ has(input.optional) }}', {}, false],
    ['${{ steps.a.output == null }}', {}, false],
    ['${{ size(steps.a.output.list) > 0 && steps.a.output.list[0] > 4 }}', { list: [5] }, true],
  ])('may ask whether something is there: %s of %j is %s', (condition, output, expected) => {
    const job = afterA(condition, output, { options: {}, on: true });
    expect(job.state.reason).toBeNull();
    expect(job.phase('b').status).toBe(expected ? 'queued' : 'skipped');
  });

  test('reads metadata and the job', () => {
    const steps = [step('a', { if: "${{ metadata.tier == 'gold' && job.version == 1 }}" })];
    const job = new EngineDriver({ steps }, { metadata: { tier: 'gold' } });
    expect(job.phase('a').status).toBe('queued');
    expect(new EngineDriver({ steps }, { metadata: { tier: 'tin' } }).status).toBe('succeeded');
  });

  test('that reads too large a value of an output fails the step that has it', () => {
    const job = new EngineDriver({
      steps: [step('a'), step('b', { if: '${{ steps.a.output.text != "" }}' })],
    });
    job.claim();
    job.succeed('a#1', { text: 'x'.repeat(20_000) });
    expect(job.phase('a')).toMatchObject({
      status: 'failed',
      failure: { class: 'value_too_large' },
    });
    expect(job.state.reason?.message).toContain('`steps.a.output.text` takes 20002 bytes');
  });
});

/** A job whose first step is skipped, with a second one that needs it. */
const skipping = (rest: Partial<StepBody>) =>
  new EngineDriver({
    steps: [step('a', { if: '${{ false }}' }), step('b', { needs: ['a'], ...rest })],
  });

describe('after a step that was skipped', () => {
  test('a step without a condition is skipped too, and so on down the line', () => {
    const job = new EngineDriver({
      steps: [
        step('a', { if: '${{ false }}' }),
        step('b', { needs: ['a'] }),
        step('c', { needs: ['b'] }),
      ],
    });
    expect(job.phase('b')).toEqual({ status: 'skipped', reason: 'needs_skipped' });
    expect(job.phase('c')).toEqual({ status: 'skipped', reason: 'needs_skipped' });
    expect(job.status).toBe('succeeded');
  });

  test('a step with a condition decides by it alone', () => {
    expect(skipping({ if: "${{ steps.a.status == 'skipped' }}" }).phase('b').status).toBe('queued');
    expect(skipping({ if: '${{ true }}' }).phase('b').status).toBe('queued');
    expect(skipping({ if: "${{ steps.a.status == 'succeeded' }}" }).phase('b').status).toBe(
      'skipped',
    );
  });

  test('its output is null, and whatever lies below it is absent', () => {
    expect(skipping({ if: '${{ steps.a.output == null }}' }).phase('b').status).toBe('queued');
    expect(skipping({ if: '${{ has(steps.a.output.x.y) }}' }).phase('b').status).toBe('skipped');
    expect(skipping({ if: '${{ steps.a.error == null }}' }).phase('b').status).toBe('queued');
  });

  test('its output is no list to go over', () => {
    const job = skipping({ if: '${{ true }}', for_each: '${{ steps.a.output }}' });
    expect(job.state.reason?.message).toContain('`steps.a.output` is not a list');
  });
});

describe('the end', () => {
  test('a job without any step to run succeeds at once, and never started', () => {
    const job = new EngineDriver({ steps: [step('a', { if: '${{ false }}' })] });
    expect(job.told()).toEqual(['job.queued', 'step.skipped a', 'job.succeeded']);
    expect(job.state).toMatchObject({ startedAtMs: null, finishedAtMs: job.nowMs });
  });

  test('an output that cannot be computed fails the job, not a step', () => {
    const job = new EngineDriver({
      steps: [step('a')],
      output: { n: '${{ steps.a.output.n + 1 }}' },
    });
    job.claim();
    job.succeed('a#1', { n: 'text' });
    expect(job.state).toMatchObject({ status: 'failed', reason: { code: 'output_failed' } });
    expect(job.phase('a').status).toBe('succeeded');
  });

  test('an output that only names an absent place is null', () => {
    const job = new EngineDriver({ steps: [step('a')], output: { n: '${{ steps.a.output.n }}' } });
    job.claim();
    job.succeed('a#1', {});
    expect(job.status).toBe('succeeded');
  });
});

describe('E5: steps wait for what they need', () => {
  test('steps that do not need each other run side by side, a join waits for all', () => {
    const job = new EngineDriver({
      steps: [
        step('join', { with: { x: '${{ steps.left.output }} ${{ steps.right.output }}' } }),
        step('left', { needs: ['root'] }),
        step('right', { needs: ['root'] }),
        step('root'),
      ],
    });
    expect(job.claim()).toEqual(['root#1']);
    job.succeed('root#1');
    expect(job.claim()).toEqual(['left#1', 'right#1']);
    job.succeed('right#1');
    expect(job.claim()).toEqual([]);
    job.succeed('left#1');
    expect(job.claim()).toEqual(['join#1']);
  });

  test('one turn reports a step and gets the next', () => {
    const job = new EngineDriver({ steps: [step('a'), step('b', { needs: ['a'] })] });
    job.claim();
    job.settle({ 'a#1': { ok: true } }, { capacity: { calls: 1, local: 1 }, untilMs: 1e15 });
    expect(job.lastClaim.keys).toEqual(['b#1']);
  });
});
