import { describe, expect, test } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import type { DefinitionBody, StepBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const over = (list: string, rest: Partial<StepBody> = {}): StepBody => ({
  id: 'm',
  uses: 'data.compose',
  for_each: list,
  with: { x: '${{ item }}' },
  ...rest,
});

const bigOutput = (item: number) => ({ item, text: 'x'.repeat(2_000) });

describe('a map of a thousand items with outputs of 2 kB', () => {
  const body: DefinitionBody = {
    steps: [
      over('${{ input.list }}'),
      { id: 'sum', uses: 'data.compose', with: { all: '${{ steps.m.output }}' } },
    ],
    output: '${{ steps.m.output }}',
  };

  test('completes; no row passes 1 MB, and the last settle writes what the tenth wrote', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(body, { input: { list: numbers(1_000) } });
    const written: number[] = [];
    let largest = 0;
    for (let done = 0; done < 1_000; done += 1) {
      const [work] = driver.next(jobId, { capacity: { calls: 0, local: 1 } }).work;
      expect(work).toMatchObject({
        item: done,
        itemRead: { kind: 'value', value: done },
        reads: [],
      });
      const before = driver.db.rowsWritten;
      driver.succeed(jobId, work?.key ?? '', bigOutput(done));
      written.push(driver.db.rowsWritten - before);
      if (done % 50 === 0) largest = Math.max(largest, driver.db.largestRowBytes());
    }
    // One row of the item, one of the job, now and then one of events that leave the tail.
    expect(Math.max(...written)).toBeLessThanOrEqual(3);
    expect(written.slice(-20).every((rows) => rows <= 3)).toBe(true);
    expect(largest).toBeLessThan(1_000_000);
    const [sum] = driver.next(jobId).work;
    const [read] = sum?.reads ?? [];
    expect(read).toMatchObject({ kind: 'value', value: numbers(1_000).map(bigOutput) });
    driver.succeed(jobId, 'sum#1');
    expect(driver.state(jobId)).toMatchObject({ status: 'succeeded' });
    expect(driver.db.largestRowBytes()).toBeLessThan(1_000_000);
    await driver.settleHistory();
    expect(driver.recorded.get(jobId)?.events.size).toBe(driver.state(jobId).seq);
  });
});

describe('the list of a map', () => {
  test('is read item by item, wherever it lies', () => {
    const driver = new ShardDriver();
    const list = numbers(30).map((item) => ({ item, text: 'y'.repeat(20_000) }));
    const jobId = driver.create({ steps: [over('${{ input.list }}')] }, { input: { list } });
    expect(driver.next(jobId).work[3]).toMatchObject({
      itemRead: { kind: 'object', below: ['list', 3] },
    });
  });

  test('that is the output of another map is read without looking at its neighbours', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(
      {
        steps: [over('${{ input.list }}'), over('${{ steps.m.output }}', { id: 'n' })],
      },
      { input: { list: numbers(100) } },
    );
    let keys = driver.claim(jobId, { capacity: { calls: 0, local: 50 } });
    while (keys.some((key) => key.startsWith('m'))) {
      driver.settle(jobId, ...keys.map((key) => driver.succeeded(jobId, key, { from: key })));
      keys = driver.claim(jobId, { capacity: { calls: 0, local: 1 } });
    }
    const queries: string[] = [];
    driver.db.beforeExec = (query) => void queries.push(query);
    const [work] = driver.next(jobId, { capacity: { calls: 0, local: 1 } }).work;
    expect(work).toMatchObject({ key: 'n[1]#1', itemRead: { value: { from: 'm[1]#1' } } });
    expect(
      queries.filter((query) => query.includes('FROM items') && query.includes('ORDER BY')),
    ).toEqual([]);
  });

  test('that is computed is computed by the runner from what it reads', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(
      { steps: [over('${{ input.list.filter(x, x > 7) }}')] },
      { input: { list: numbers(10) } },
    );
    expect(driver.next(jobId).work).toMatchObject([
      { item: 0, itemRead: null, reads: [{ path: ['input', 'list'], value: numbers(10) }] },
      { item: 1 },
    ]);
  });

  test('may have items whose outputs lie in R2', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(
      {
        steps: [
          over('${{ input.list }}'),
          over('${{ steps.m.output }}', { id: 'n' }),
          {
            id: 'o',
            uses: 'data.compose',
            if: '${{ steps.m.output[0].small }}',
            with: { x: '${{ steps.m.output[1].text }}' },
          },
        ],
        output: '${{ steps.m.output }}',
      },
      { input: { list: [1, 2] } },
    );
    driver.claim(jobId);
    driver.succeed(jobId, 'm[0]#1', { small: true });
    driver.succeed(jobId, 'm[1]#1', { text: 'z'.repeat(300_000) });
    const { work } = driver.next(jobId);
    expect(work).toMatchObject([
      { key: 'n[0]#1', itemRead: { kind: 'value', value: { small: true } } },
      { key: 'n[1]#1', itemRead: { kind: 'object', object: { at: 'r2' }, below: [] } },
      { key: 'o#1', reads: [{ kind: 'object', below: ['text'] }] },
    ]);
    for (const { key } of work) driver.succeed(jobId, key);
    expect(driver.snapshot(jobId).outputReads).toMatchObject([
      { kind: 'list', parts: [{ value: { small: true } }, { object: { at: 'r2' } }], below: [] },
    ]);
  });

  test('that would have to be read out of R2 to be counted is too large, and so it says', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(
      { steps: [over('${{ input.list }}'), over('${{ steps.m.output[0].list }}', { id: 'n' })] },
      { input: { list: [1] } },
    );
    driver.claim(jobId);
    driver.succeed(jobId, 'm[0]#1', { list: ['z'.repeat(300_000)] });
    expect(driver.state(jobId).reason).toMatchObject({ code: 'value_too_large' });
  });

  test('that lies below a thousand outputs is too large to steer by', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(
      {
        steps: [
          over('${{ input.list }}'),
          { id: 'n', uses: 'data.compose', if: '${{ steps.m.output.exists(x, x.ok) }}' },
        ],
      },
      { input: { list: numbers(20) } },
    );
    driver.finish(jobId, () => ({ ok: true, text: 'x'.repeat(2_000) }));
    expect(driver.state(jobId).reason).toMatchObject({ code: 'value_too_large' });
  });
});

describe('where the output of an item lies', () => {
  test.each<[string, Json, number, number]>([
    ['small ones in the row of the item', { text: 'x'.repeat(16_000) }, 0, 0],
    ['larger ones in a row of their own', { text: 'x'.repeat(17_000) }, 1, 0],
    ['the largest ones in R2', { text: 'x'.repeat(300_000) }, 0, 1],
    ['long in bytes, short in characters', { text: '漢'.repeat(6_000) }, 0, 0],
  ])('%s', (_, output, payloads, objects) => {
    const driver = new ShardDriver();
    const jobId = driver.create(
      { steps: [over('${{ input.list }}')], output: '${{ steps.m.output }}' },
      { input: { list: [1] } },
    );
    driver.finish(jobId, () => output);
    expect(driver.db.count('payloads', jobId)).toBe(payloads);
    expect(driver.objects.size).toBe(objects);
    const [read] = driver.snapshot(jobId).outputReads;
    const expected = objects === 0 ? { kind: 'value', value: [output] } : { kind: 'list' };
    expect(read).toMatchObject(expected);
  });

  test('null is an output too', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(
      { steps: [over('${{ input.list }}')], output: '${{ steps.m.output }}' },
      { input: { list: [1, 2] } },
    );
    driver.finish(jobId, ({ item }) => (item === 0 ? null : false));
    expect(driver.snapshot(jobId).outputReads).toMatchObject([{ value: [null, false] }]);
  });
});
