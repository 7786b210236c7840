import { describe, expect, test } from 'vitest';

import { jobIdOf } from '../../../src/domain/ids.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const two: DefinitionBody = {
  steps: [
    { id: 'a', uses: 'data.compose' },
    { id: 'b', uses: 'data.compose', with: { x: '${{ steps.a.output }}' } },
  ],
  output: '${{ steps.b.output }}',
};
const openai = { provider: 'openai', model: 'm' };
const chat: DefinitionBody = {
  steps: [
    {
      id: 'a',
      uses: 'model.chat',
      route: { targets: [openai] },
      timeouts: { attempt: '10m' },
      check: { schema: {}, re_ask: 3 },
    },
  ],
};

describe('a call of next', () => {
  test('records what was settled and hands out what became ready, in one commit', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two, { input: { n: 1 } });
    const first = driver.next(jobId);
    expect(first).toMatchObject({
      job: 'open',
      work: [{ key: 'a#1', step: 'a', item: null, attempt: 1, reads: [] }],
      context: { jobId, pipeline: 'under-test' },
      definition: { name: 'under-test' },
    });
    const rows = driver.db.rowsWritten;
    const hash = first.context?.definitionHash ?? null;
    const second = driver.next(jobId, {
      settled: [driver.succeeded(jobId, 'a#1', { text: 'tea' })],
      knownDefinition: hash,
    });
    expect(second).toMatchObject({
      settled: ['used'],
      definition: null,
      work: [{ key: 'b#1', reads: [{ kind: 'value', value: { text: 'tea' } }] }],
    });
    expect(driver.db.rowsWritten - rows).toBe(1);
    const last = driver.next(jobId, { settled: [driver.succeeded(jobId, 'b#1', { done: true })] });
    expect(last).toMatchObject({ job: 'over', work: [] });
    expect(driver.snapshot(jobId).outputReads).toMatchObject([
      { kind: 'value', value: { done: true } },
    ]);
  });

  test('about a job that the shard does not have is answered so', () => {
    const driver = new ShardDriver();
    const nobody = jobIdOf('01900000-0000-7000-8000-000000000099', 7);
    expect(driver.next(nobody)).toMatchObject({ job: 'gone', work: [], context: null });
    expect(driver.shard.renew({ jobId: nobody, keys: ['a#1'] })).toEqual({ cancel: ['a#1'] });
    expect(driver.shard.cancel({ jobId: nobody, by: 'key_1' })).toEqual({ kind: 'gone' });
    expect(driver.shard.read({ jobId: nobody, include: [] })).toBeNull();
    expect(driver.shard.events({ jobId: nobody, afterSeq: 0, limit: 10 })).toBeNull();
  });

  test('repeated with its requestId gives the same work and changes nothing', () => {
    const driver = new ShardDriver();
    const jobId = driver.create({
      steps: [{ id: 'm', uses: 'data.compose', for_each: '${{ [1, 2, 3, 4] }}' }],
    });
    const request = { requestId: 'r1', capacity: { calls: 0, local: 2 } };
    expect(driver.claim(jobId, request)).toEqual(['m[0]#1', 'm[1]#1']);
    const { seq } = driver.state(jobId);
    driver.restart();
    expect(driver.claim(jobId, request)).toEqual(['m[0]#1', 'm[1]#1']);
    expect(driver.state(jobId).seq).toBe(seq);
    expect(driver.claim(jobId, { ...request, requestId: 'r2' })).toEqual(['m[2]#1', 'm[3]#1']);
  });

  test('repeated with its reports uses them once, and gives the work that followed', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two);
    driver.claim(jobId);
    const request = {
      requestId: 'r1',
      settled: [driver.succeeded(jobId, 'a#1', { n: 1 }, { costNanoUsd: 5 })],
    };
    expect(driver.next(jobId, request)).toMatchObject({
      settled: ['used'],
      work: [{ key: 'b#1' }],
    });
    expect(driver.next(jobId, request)).toMatchObject({
      settled: ['repeated'],
      work: [{ key: 'b#1' }],
    });
    expect(driver.state(jobId).cost.nanoUsd).toBe(5);
  });

  test('repeated late shows that its runner lives: its lease begins anew', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(chat);
    driver.claim(jobId, { requestId: 'r1' });
    await driver.pass(20_000);
    expect(driver.claim(jobId, { requestId: 'r1' })).toEqual(['a#1']);
    await driver.pass(19_999);
    expect(driver.shard.renew({ jobId, keys: ['a#1'] })).toEqual({ cancel: [] });
  });
});

describe('E2: reports are fenced by their attempt', () => {
  test('the result of a lost attempt is not used, whatever comes after it', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two);
    driver.claim(jobId);
    const late = driver.succeeded(jobId, 'a#1', { from: 'the lost one' }, { costNanoUsd: 5 });
    await driver.pass(35_000);
    expect(driver.claim(jobId)).toEqual(['a#2']);
    expect(driver.settle(jobId, late).settled).toEqual(['late']);
    expect(driver.succeed(jobId, 'a#2', { from: 'the second' }).settled).toEqual(['used']);
    expect(driver.settle(jobId, late).settled).toEqual(['repeated']);
    const [work] = driver.next(jobId).work;
    expect(work?.reads).toMatchObject([{ value: { from: 'the second' } }]);
    expect(driver.state(jobId).cost.nanoUsd).toBe(5);
  });

  test('two different reports of one attempt in one call: the first is used, payload and all', () => {
    const driver = new ShardDriver();
    const jobId = driver.create({
      steps: [
        { id: 'a', uses: 'data.compose' },
        {
          id: 'b',
          uses: 'data.compose',
          if: '${{ steps.a.output.n == 1 }}',
          with: { x: '${{ steps.a.output }}' },
        },
      ],
    });
    driver.claim(jobId);
    const answer = driver.next(jobId, {
      settled: [driver.succeeded(jobId, 'a#1', { n: 1 }), driver.succeeded(jobId, 'a#1', { n: 2 })],
    });
    expect(answer).toMatchObject({
      settled: ['used', 'repeated'],
      work: [{ key: 'b#1', reads: [{ value: { n: 1 } }] }],
    });
  });

  test('a report that its own call has made too late leaves no payload behind', () => {
    const driver = new ShardDriver();
    const jobId = driver.create({
      steps: [
        { id: 'a', uses: 'data.compose' },
        { id: 'b', uses: 'data.compose' },
      ],
    });
    driver.claim(jobId);
    const late = driver.succeeded(jobId, 'b#1', { text: 'x'.repeat(20_000) });
    expect(driver.settle(jobId, driver.failed('a#1', { class: 'auth' }), late).settled).toEqual([
      'used',
      'late',
    ]);
    expect(driver.db.count('payloads', jobId)).toBe(0);
  });

  test('a report about a step that the job does not have changes nothing', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two);
    driver.claim(jobId);
    const stranger = { ...driver.succeeded(jobId, 'a#1'), step: 'stranger' };
    expect(driver.settle(jobId, stranger).settled).toEqual(['repeated']);
    expect(driver.state(jobId).status).toBe('running');
  });
});

describe('a lease', () => {
  test('ends 35 s after its runner was last heard of, and the work is told of again', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two);
    await driver.quiet();
    driver.wakes = [];
    driver.claim(jobId, { hinted: true });
    await driver.pass(34_999);
    expect(driver.state(jobId).active).toHaveProperty(['a#1']);
    await driver.pass(1);
    expect(driver.state(jobId).active).toEqual({});
    expect(driver.events(jobId).at(-1)).toMatchObject({
      type: 'attempt.lost',
      data: { possibleDuplicateSpend: false, retry: { targetIndex: 0 } },
    });
    expect(driver.wakes).toHaveLength(1);
  });

  test('goes on as long as its runner renews it', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(chat);
    driver.claim(jobId);
    for (let minute = 0; minute < 9; minute += 1) {
      for (let third = 0; third < 3; third += 1) {
        await driver.pass(20_000);
        expect(driver.shard.renew({ jobId, keys: ['a#1'] })).toEqual({ cancel: [] });
      }
    }
    expect(driver.succeed(jobId, 'a#1').settled).toEqual(['used']);
  });

  test('ends soon after the attempt’s own deadline, renewed or not', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two);
    driver.claim(jobId);
    await driver.pass(20_000);
    driver.shard.renew({ jobId, keys: ['a#1'] });
    await driver.pass(20_000);
    driver.shard.renew({ jobId, keys: ['a#1'] });
    await driver.pass(4_999);
    expect(driver.state(jobId).active).toHaveProperty(['a#1']);
    await driver.pass(1);
    expect(driver.state(jobId).active).toEqual({});
  });

  test('after a restart every runner has 25 s to show itself', async () => {
    const driver = new ShardDriver();
    const [held, left] = [driver.create(chat), driver.create(chat)];
    driver.claim(held);
    driver.claim(left);
    await driver.pass(34_000);
    driver.restart();
    await driver.pass(20_000);
    driver.shard.renew({ jobId: held, keys: ['a#1'] });
    await driver.pass(5_000);
    expect(driver.state(held).active).toHaveProperty(['a#1']);
    expect(driver.state(left).active).toEqual({});
  });

  test('ends in a quiet shard too, whose object is put away between any two alarms', async () => {
    const driver = new ShardDriver();
    driver.coldAlarms = true;
    const jobId = driver.create(chat);
    driver.claim(jobId);
    await driver.pass(61_000);
    expect(driver.state(jobId).active).toEqual({});
  });

  test('goes on in a quiet shard as long as its runner renews it', async () => {
    const driver = new ShardDriver();
    driver.coldAlarms = true;
    const jobId = driver.create(chat);
    driver.claim(jobId);
    for (let renewals = 0; renewals < 25; renewals += 1) {
      await driver.pass(20_000);
      driver.restart();
      expect(driver.shard.renew({ jobId, keys: ['a#1'] })).toEqual({ cancel: [] });
    }
    expect(driver.succeed(jobId, 'a#1').settled).toEqual(['used']);
  });

  test('that ended tells its runner to stop', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(chat);
    driver.claim(jobId);
    await driver.pass(36_000);
    expect(driver.shard.renew({ jobId, keys: ['a#1'] })).toEqual({ cancel: ['a#1'] });
  });
});

describe('a cancel', () => {
  test('reaches a running call with its next renewal, and nothing new starts', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two);
    driver.claim(jobId);
    const answer = driver.shard.cancel({ jobId, by: 'key_1' });
    expect(answer).toMatchObject({ kind: 'done', snapshot: { state: { status: 'cancelling' } } });
    expect(driver.shard.renew({ jobId, keys: ['a#1'] })).toEqual({ cancel: ['a#1'] });
    expect(driver.next(jobId)).toMatchObject({ work: [], cancel: ['a#1'] });
    const settled = driver.settle(jobId, driver.failed('a#1', { class: 'cancelled' }));
    expect(settled.job).toBe('over');
    expect(driver.state(jobId).status).toBe('cancelled');
    await driver.pass(1_000);
  });

  test('ends by itself when the runner is gone', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two);
    driver.claim(jobId);
    driver.shard.cancel({ jobId, by: 'key_1' });
    await driver.pass(35_000);
    expect(driver.state(jobId).status).toBe('cancelled');
  });

  test('twice is once', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(two);
    driver.claim(jobId);
    driver.shard.cancel({ jobId, by: 'key_1' });
    const { seq } = driver.state(jobId);
    driver.shard.cancel({ jobId, by: 'key_2' });
    expect(driver.state(jobId).seq).toBe(seq);
  });
});

const violations = (n: number) => [{ pointer: `/${n}`, code: 'type', message: 'must be a number' }];

describe('a model that is asked again', () => {
  test('is shown its last answer and what was wrong with it', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(chat);
    driver.claim(jobId);
    const failure = { class: 'output_invalid', violations: violations(1) } as const;
    driver.settle(jobId, driver.failed('a#1', failure, {}, { n: 'one' }));
    expect(driver.next(jobId).work).toMatchObject([
      { key: 'a#2', reAsk: { rejected: { n: 'one' }, violations: violations(1) } },
    ]);
  });

  test('is shown its last answer also when that is much longer than the one before', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(chat);
    const lengths = [10, 20_000, 30, 40_000];
    driver.claim(jobId);
    for (const [index, length] of lengths.slice(0, 3).entries()) {
      const rejected = { text: 'x'.repeat(length) };
      const failure = { class: 'output_invalid', violations: violations(index) } as const;
      driver.settle(jobId, driver.failed(`a#${index + 1}`, failure, {}, rejected));
      expect(driver.next(jobId).work).toMatchObject([
        { reAsk: { rejected, violations: violations(index) } },
      ]);
    }
  });

  test('is shown nothing after another failure', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(chat);
    driver.claim(jobId);
    driver.settle(
      jobId,
      driver.failed('a#1', { class: 'output_invalid', violations: violations(1) }, {}, 'x'),
    );
    driver.claim(jobId);
    driver.settle(jobId, driver.failed('a#2', { class: 'network', retryAfterMs: 0 }));
    expect(driver.next(jobId).work).toMatchObject([{ key: 'a#3', reAsk: null }]);
  });
});

test('what a provider said is kept with the payloads and never gets into the history', () => {
  const driver = new ShardDriver();
  const jobId = driver.create(chat);
  driver.claim(jobId);
  driver.settle(jobId, driver.failed('a#1', { class: 'auth', detail: { said: 'secret words' } }));
  expect(driver.snapshot(jobId).details).toEqual({ 'a#1': { said: 'secret words' } });
  expect(JSON.stringify(driver.events(jobId))).not.toContain('secret words');
  expect(JSON.stringify(driver.state(jobId))).not.toContain('secret words');
});
