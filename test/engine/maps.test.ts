import { describe, expect, test } from 'vitest';

import type { Json } from '../../src/domain/json.ts';
import { runnableCount } from '../../src/engine/due.ts';
import { EngineDriver, EPOCH_MS, type StepBody } from '../support/engine-driver.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

function mapOver(list: Json, rest: Partial<StepBody> = {}, more: StepBody[] = []): EngineDriver {
  const map: StepBody = { id: 'm', uses: 'data.compose', for_each: '${{ input.list }}', ...rest };
  return new EngineDriver({ steps: [map, ...more] }, { input: { list } });
}

const runnable = (job: EngineDriver) => runnableCount(job.state, job.plan, job.nowMs);

describe('how many items a map has', () => {
  test('none: the map has succeeded, with an empty list', () => {
    const job = mapOver([], {}, [
      { id: 'n', uses: 'data.compose', for_each: '${{ steps.m.output }}' },
    ]);
    expect(job.status).toBe('succeeded');
    expect(job.phase('m')).toEqual({ status: 'succeeded', output: null, items: 0 });
    expect(job.phase('n')).toMatchObject({ status: 'succeeded', items: 0 });
    expect(job.state.startedAtMs).toBeNull();
  });

  test('one', () => {
    const job = mapOver(['only']);
    expect(job.claim()).toEqual(['m[0]#1']);
    job.succeed('m[0]#1', 'done');
    expect(job.status).toBe('succeeded');
    expect(job.item('m', 0)).toMatchObject({ status: 'succeeded', attempts: [{ attempt: 1 }] });
  });

  test('a thousand, and the state does not grow with what is done', () => {
    const job = mapOver(numbers(1_000), { max_concurrency: 8 });
    const sizes: number[] = [];
    while (job.status !== 'succeeded') {
      for (const key of job.claim({ capacity: { calls: 0, local: 8 } })) job.succeed(key);
      sizes.push(JSON.stringify(job.state).length);
    }
    expect(job.items.size).toBe(1_000);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(100);
    expect(job.event('step.succeeded').data).toEqual({ output: null });
  });

  test('more than a thousand are refused', () => {
    const job = mapOver(numbers(1_001));
    expect(job.status).toBe('failed');
    expect(job.state.reason?.message).toContain('`for_each`: the list has 1001 items');
  });

  test.each<[string, Json]>([
    ['a text', 'abc'],
    ['an object', { length: 3 }],
    ['null', null],
    ['a number', 3],
  ])('%s is not a list', (_, list) => {
    const job = mapOver(list);
    expect(job.phase('m')).toMatchObject({
      status: 'failed',
      stopped: 'not_retryable',
      failure: { class: 'expression_failed', message: '`for_each`: `input.list` is not a list' },
    });
    expect(job.status).toBe('failed');
  });

  test('an absent place is not a list', () => {
    const job = new EngineDriver({
      steps: [{ id: 'm', uses: 'data.compose', for_each: '${{ input.missing }}' }],
    });
    expect(job.state.reason?.message).toContain('`input.missing` is not a list');
  });

  test.each([
    ['${{ input.list.filter(x, x > 6) }}', 3],
    ['${{ [input.list, input.list] }}', 2],
    ['${{ input.list + input.list }}', 20],
  ])('a computed list: %s', (list, count) => {
    const steps: StepBody[] = [{ id: 'm', uses: 'data.compose', for_each: list }];
    const job = new EngineDriver({ steps }, { input: { list: numbers(10) } });
    expect(job.phase('m')).toMatchObject({ status: 'mapping', items: count });
  });

  test.each([
    ['${{ size(input.list) }}', 'its value is not a list'],
    ['${{ {"a": 1} }}', 'its value is not a list'],
    ['${{ input.list[99] + [] }}', 'cannot be evaluated'],
  ])('a computed value that is no list: %s', (list, message) => {
    const steps: StepBody[] = [{ id: 'm', uses: 'data.compose', for_each: list }];
    const job = new EngineDriver({ steps }, { input: { list: numbers(10) } });
    expect(job.status).toBe('failed');
    expect(job.state.reason?.message).toContain(message);
  });

  test('a map goes over the output of a map, whole or filtered', () => {
    const job = mapOver([1, 2, 3], {}, [
      { id: 'n', uses: 'data.compose', for_each: '${{ steps.m.output }}' },
      { id: 'o', uses: 'data.compose', for_each: '${{ steps.m.output.filter(x, x.n > 1) }}' },
      { id: 'p', uses: 'data.compose', for_each: '${{ steps.m.output[2].list }}' },
    ]);
    for (const key of job.claim()) job.succeed(key, { n: Number(key[2]), list: [5, 6, 7, 8] });
    expect(job.phase('n')).toMatchObject({ status: 'mapping', items: 3 });
    expect(job.phase('o')).toMatchObject({ status: 'mapping', items: 1 });
    expect(job.phase('p')).toMatchObject({ status: 'mapping', items: 4 });
  });

  test('what a control expression reads of a map must be small', () => {
    const job = mapOver([1, 2], {}, [
      { id: 'n', uses: 'data.compose', if: '${{ steps.m.output.exists(x, x.big != "") }}' },
    ]);
    for (const key of job.claim()) job.succeed(key, { big: 'x'.repeat(10_000) });
    expect(job.phase('n')).toMatchObject({
      status: 'failed',
      failure: { class: 'value_too_large' },
    });
    expect(job.state.reason).toMatchObject({ code: 'value_too_large' });
    expect(job.state.reason?.message).toContain('`steps.m.output` takes 20');
  });
});

describe('E7: no more items at once than max_concurrency', () => {
  test('items start in order, and the next one when one has ended', () => {
    const job = mapOver(numbers(5), { max_concurrency: 2 });
    expect(job.claim()).toEqual(['m[0]#1', 'm[1]#1']);
    expect(job.claim()).toEqual([]);
    job.succeed('m[1]#1');
    expect(job.claim()).toEqual(['m[2]#1']);
    job.settle({ 'm[0]#1': { ok: true }, 'm[2]#1': { ok: true } });
    expect(runnable(job)).toBe(2);
    expect(job.claim({ capacity: { calls: 9, local: 1 } })).toEqual(['m[3]#1']);
    expect(job.claim()).toEqual(['m[4]#1']);
    job.settle({ 'm[4]#1': { ok: true }, 'm[3]#1': { ok: true } });
    expect(job.status).toBe('succeeded');
  });

  test('an item that waits for its retry holds its place', () => {
    const job = mapOver(numbers(3), { max_concurrency: 1 });
    job.claim();
    job.fail('m[0]#1', { retryAfterMs: 5_000 });
    expect(job.claim()).toEqual([]);
    expect(runnable(job)).toBe(0);
    expect(job.dueAtMs()).toBe(EPOCH_MS + 5_000);
    job.wait(4_999);
    expect(job.claim()).toEqual([]);
    job.wait(1);
    expect(runnable(job)).toBe(1);
    expect(job.claim()).toEqual(['m[0]#2']);
    expect(job.claim()).toEqual([]);
    job.succeed('m[0]#2');
    expect(job.claim()).toEqual(['m[1]#1']);
  });

  test('retries that are due go before items that were never started', () => {
    const job = mapOver(numbers(9), { max_concurrency: 3 });
    job.claim();
    job.fail('m[2]#1', { retryAfterMs: 10 });
    job.fail('m[0]#1', { retryAfterMs: 20 });
    job.succeed('m[1]#1');
    job.wait(20);
    expect(job.claim()).toEqual(['m[2]#2', 'm[0]#2', 'm[3]#1']);
  });

  test('sixteen when the definition does not say', () => {
    expect(mapOver(numbers(40)).claim()).toHaveLength(16);
  });

  test('a lost item keeps its place and its number of attempts', () => {
    const job = mapOver(numbers(3), { max_concurrency: 1 });
    job.claim();
    job.lose('m[0]#1');
    expect(job.claim()).toEqual(['m[0]#2']);
    expect(job.item('m', 0)?.attempts).toMatchObject([{ attempt: 1, outcome: 'lost' }]);
  });
});

describe('an item that fails', () => {
  test('fails the step and the job when its attempts are used up, and is named', () => {
    const job = mapOver(numbers(3), { retry: { max_attempts: 2 } });
    job.claim();
    job.fail('m[1]#1', { retryAfterMs: 0 });
    job.claim();
    job.fail('m[1]#2', { class: 'timeout', message: 'too slow' });
    expect(job.phase('m')).toMatchObject({
      status: 'failed',
      stopped: 'max_attempts',
      failure: { class: 'timeout', message: 'item 1: too slow' },
    });
    expect(job.status).toBe('failed');
    expect(job.item('m', 1)).toMatchObject({ status: 'failed', output: null });
    expect(job.item('m', 1)?.attempts).toHaveLength(2);
  });

  test('what its neighbours still cost is charged to them', () => {
    const job = mapOver(numbers(2));
    job.claim();
    job.fail('m[0]#1', { class: 'auth' }, 5);
    expect(job.succeed('m[1]#1', {}, 7)).toBe('late');
    expect(job.succeed('m[1]#1', {}, 7)).toBe('repeated');
    expect(job.state.cost).toEqual({ nanoUsd: 12, unpricedAttempts: 0 });
    expect(job.item('m', 1)).toMatchObject({
      status: 'open',
      attempts: [{ attempt: 1, outcome: 'lost', facts: { costNanoUsd: 7 } }],
    });
  });

  test('retries of items count for each item by itself', () => {
    const job = mapOver(numbers(2), { retry: { max_attempts: 2 } });
    job.claim();
    for (const key of ['m[0]#1', 'm[1]#1']) job.fail(key, { retryAfterMs: 0 });
    expect(job.claim()).toEqual(['m[0]#2', 'm[1]#2']);
    for (const key of ['m[0]#2', 'm[1]#2']) job.succeed(key);
    expect(job.status).toBe('succeeded');
    expect(job.told('step.waiting')).toEqual([]);
  });
});

test('the output of a map keeps the order of its list, whoever finishes first', () => {
  const job = mapOver(numbers(3), {}, [
    {
      id: 'n',
      uses: 'data.compose',
      if: '${{ steps.m.output[0].n == 0 && steps.m.output[2].n == 2 }}',
    },
  ]);
  job.claim();
  for (const item of [2, 0, 1]) job.succeed(`m[${item}]#1`, { n: item });
  expect(job.phase('n').status).toBe('queued');
});
