import { describe, expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const pair: DefinitionBody = {
  steps: [
    { id: 'a', uses: 'data.compose' },
    {
      id: 'b',
      uses: 'data.compose',
      with: { all: '${{ steps.a.output }}', part: '${{ input.text }}' },
    },
  ],
  output: { b: '${{ steps.b.output.text }}' },
};

const textOf = (length: number): Json => ({ text: 'x'.repeat(length) });

/** What the job's own row holds of its payloads. */
function inlineValues(driver: ShardDriver, jobId: JobId): string[] {
  const [row] = driver.db.rows('SELECT inline FROM jobs WHERE job_id = ?', jobId);
  const inline = JSON.parse(String(row?.['inline'])) as { values: Record<string, Json> };
  return Object.keys(inline.values).toSorted();
}

describe('where a value lies', () => {
  test.each([
    ['small ones in the row of the job', 8_000, ['input', 'output/a'], 0],
    ['larger ones in a row of their own', 9_000, [], 2],
    ['up to 256 kB', 262_000, [], 2],
  ])('%s', (_, length, inline, rows) => {
    const driver = new ShardDriver();
    const jobId = driver.create(pair, { input: textOf(length) });
    driver.claim(jobId);
    driver.succeed(jobId, 'a#1', textOf(length));
    expect(inlineValues(driver, jobId)).toEqual(inline);
    expect(driver.db.count('payloads', jobId)).toBe(rows);
    expect(driver.objects.size).toBe(0);
    const [work] = driver.next(jobId).work;
    expect(work?.reads).toEqual([
      { path: ['input', 'text'], kind: 'value', value: 'x'.repeat(length) },
      { path: ['steps', 'a', 'output'], kind: 'value', value: textOf(length) },
    ]);
  });

  test('the largest ones in R2, and a runner is told where', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(pair, { input: textOf(300_000) });
    driver.claim(jobId);
    driver.succeed(jobId, 'a#1', textOf(400_000));
    expect(driver.objects.size).toBe(2);
    expect(driver.db.largestRowBytes()).toBeLessThan(20_000);
    const [work] = driver.next(jobId).work;
    expect(work?.reads).toMatchObject([
      { kind: 'object', object: { at: 'r2', bytes: 300_011 }, below: ['text'] },
      { kind: 'object', object: { at: 'r2', bytes: 400_011 }, below: [] },
    ]);
    expect(driver.snapshot(jobId).payloads.input).toMatchObject({ kind: 'object', below: [] });
  });

  test('when the row of the job is full, in rows of their own', () => {
    const driver = new ShardDriver();
    const steps = Array.from({ length: 12 }, (_, index) => ({
      id: `s${index}`,
      uses: 'data.compose' as const,
    }));
    const jobId = driver.create({ steps });
    driver.finish(jobId, () => textOf(8_000));
    expect(inlineValues(driver, jobId)).toHaveLength(9);
    expect(driver.db.count('payloads', jobId)).toBe(4);
    expect(driver.db.largestRowBytes()).toBeLessThan(100_000);
    const outputs = Object.values(driver.snapshot(jobId).payloads.steps ?? {});
    expect(outputs.map((read) => read.kind)).toEqual(Array.from({ length: 12 }, () => 'value'));
  });

  test('a value that is smaller than its place is found by a path into it', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(pair, { input: { text: null } });
    driver.claim(jobId);
    driver.succeed(jobId, 'a#1', [1, 2]);
    const [work] = driver.next(jobId).work;
    expect(work?.reads).toMatchObject([{ value: null }, { value: [1, 2] }]);
  });

  test('a place that is absent is told as absent, one below an output or error that is not there as null', () => {
    const driver = new ShardDriver();
    const jobId = driver.create({
      steps: [
        { id: 'a', uses: 'data.compose', if: '${{ false }}' },
        {
          id: 'b',
          uses: 'data.compose',
          if: '${{ true }}',
          with: {
            x: '${{ input.missing }}',
            y: '${{ steps.a.output.z }}',
            s: '${{ steps.a.status }}',
            e: '${{ steps.a.error.message }}',
          },
        },
      ],
    });
    const [work] = driver.next(jobId).work;
    expect(work?.reads).toEqual([
      { path: ['input', 'missing'], kind: 'absent' },
      { path: ['steps', 'a', 'error'], kind: 'value', value: null },
      { path: ['steps', 'a', 'output'], kind: 'value', value: null },
      { path: ['steps', 'a', 'status'], kind: 'value', value: 'skipped' },
    ]);
  });
});

describe('a step named like a key of JavaScript', () => {
  test('is a step like any other', () => {
    const driver = new ShardDriver();
    const jobId = driver.create({
      steps: [
        { id: 'constructor', uses: 'data.compose' },
        { id: 'b', uses: 'data.compose', if: '${{ steps.constructor.output.go }}' },
      ],
      output: { x: '${{ steps.constructor.output }}' },
    });
    driver.finish(jobId, ({ step }) => (step === 'constructor' ? { go: true } : {}));
    expect(driver.state(jobId).steps['b']?.phase.status).toBe('succeeded');
    expect(driver.snapshot(jobId).outputReads).toMatchObject([{ value: { go: true } }]);
  });
});

describe('what control expressions read', () => {
  test('is stored beside the state, so that the decision survives a restart', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(
      {
        steps: [
          { id: 'a', uses: 'data.compose' },
          { id: 'b', uses: 'data.compose' },
          {
            id: 'c',
            uses: 'data.compose',
            needs: ['b'],
            if: '${{ steps.a.output.n > input.low }}',
          },
        ],
      },
      { input: { low: 2 } },
    );
    driver.claim(jobId);
    driver.succeed(jobId, 'a#1', { n: 3, text: 'x'.repeat(50_000) });
    driver.restart();
    driver.succeed(jobId, 'b#1');
    expect(driver.state(jobId).steps['c']?.phase.status).toBe('queued');
  });

  test('may ask whether an output has a field', () => {
    const driver = new ShardDriver();
    const jobId = driver.create({
      steps: [
        { id: 'a', uses: 'data.compose' },
        {
          id: 'b',
          uses: 'data.compose',
          if: '${{ steps.a.output.n == 1 && !has(steps.a.output.opt.x) }}',
        },
      ],
    });
    driver.claim(jobId);
    driver.succeed(jobId, 'a#1', { n: 1, opt: {} });
    expect(driver.state(jobId).steps['b']?.phase.status).toBe('queued');
  });
});
