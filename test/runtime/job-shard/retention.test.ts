import { describe, expect, test } from 'vitest';

import { fileKey, jobFileIdOf } from '../../../src/domain/file.ts';
import type { JobId } from '../../../src/domain/ids.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { sha256, ShardDriver } from '../../support/shard-driver.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Lets a time pass, and then the rest of the hour: what is kept for a day or more goes at a full hour. */
async function passToHour(driver: ShardDriver, ms: number): Promise<void> {
  await driver.pass(ms);
  await driver.pass(HOUR - (driver.nowMs % HOUR));
}
const body: DefinitionBody = {
  steps: [
    { id: 'a', uses: 'data.compose' },
    { id: 'm', uses: 'data.compose', for_each: '${{ [1, 2] }}' },
  ],
  output: '${{ steps.a.output }}',
  retention: { payloads: '2d', history: '10d' },
};

async function finished(driver: ShardDriver, more: Partial<DefinitionBody> = {}): Promise<JobId> {
  const jobId = driver.create(
    { ...body, ...more },
    { input: { text: 'i'.repeat(20_000) }, key: 'k' },
  );
  driver.finish(jobId, ({ step }) => ({ text: 'o'.repeat(step === 'a' ? 300_000 : 1_000) }));
  await driver.settleHistory();
  return jobId;
}

describe('retention has two phases', () => {
  test('first the payloads go, wherever they lie; what happened is still told', async () => {
    const driver = new ShardDriver();
    const jobId = await finished(driver);
    expect(driver.objects.size).toBe(1);
    const before = driver.state(jobId);
    await driver.pass(2 * DAY - 201);
    await driver.pass(HOUR - (driver.nowMs % HOUR) - 1);
    expect(driver.snapshot(jobId).payloadsErased).toBe(false);
    await driver.pass(1);
    expect(driver.snapshot(jobId)).toMatchObject({
      payloadsErased: true,
      payloads: {},
      outputReads: [],
      state: before,
    });
    expect(driver.events(jobId).length).toBe(before.seq);
    expect(driver.objects.size).toBe(0);
    expect(driver.db.count('payloads', jobId)).toBe(0);
    expect(driver.db.rows('SELECT inline FROM jobs')).toEqual([
      { inline: '{"values":{},"control":{}}' },
    ]);
    expect(driver.db.rows('SELECT COUNT(output) AS n FROM items')).toEqual([{ n: 0 }]);
    expect(driver.submit(body, { key: 'k', bodyHash: 'other' }).kind).toBe('key_conflict');
  });

  test('the files of a job go with its payloads, also of an attempt that was never reported', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create({
      steps: [{ id: 'a', uses: 'file.fetch', with: { url: 'https://example.com/' } }],
      retention: { payloads: '2d', history: '10d' },
    });
    const { project } = driver.state(jobId).birth;
    const key = fileKey(project, jobFileIdOf(jobId, 'a'.repeat(64)));
    driver.objects.set(key, 'bytes');
    driver.finish(jobId, () => ({ file: 'small' }));
    await driver.settleHistory();
    await passToHour(driver, 2 * DAY);
    expect(driver.snapshot(jobId).payloadsErased).toBe(true);
    expect([...driver.objects.keys()]).toEqual([]);
  });

  test('then all the rest goes, and the key is free for a new job', async () => {
    const driver = new ShardDriver();
    const jobId = await finished(driver);
    await driver.pass(10 * DAY - 201);
    expect(driver.db.count('jobs')).toBe(1);
    await passToHour(driver, 0);
    const tables = ['jobs', 'events', 'items', 'payloads', 'keys'];
    expect(tables.filter((table) => driver.db.count(table) > 0)).toEqual([]);
    expect(driver.shard.read({ jobId, include: [] })).toBeNull();
    expect(driver.shard.findKey(sha256('k'))).toBeNull();
    expect(driver.submit(body, { key: 'k', bodyHash: 'other' }).kind).toBe('created');
  });

  test('together when the history is kept no longer than the payloads', async () => {
    const driver = new ShardDriver();
    await finished(driver, { retention: { payloads: '2d', history: '2d' } });
    await passToHour(driver, 2 * DAY);
    expect(driver.db.count('jobs')).toBe(0);
    expect(driver.objects.size).toBe(0);
  });

  test('survives restarts in between', async () => {
    const driver = new ShardDriver();
    const jobId = await finished(driver);
    driver.restart();
    await passToHour(driver, 2 * DAY);
    driver.restart();
    expect(driver.snapshot(jobId).payloadsErased).toBe(true);
    await driver.pass(9 * DAY);
    expect(driver.db.count('jobs')).toBe(0);
  });

  test('the definition goes when no job can need it', async () => {
    const driver = new ShardDriver();
    await finished(driver);
    await passToHour(driver, 10 * DAY);
    expect(driver.db.count('definitions')).toBe(1);
    await finished(driver, { retention: { payloads: '1d', history: '1d' } });
    await driver.pass(40 * DAY);
    expect(driver.db.count('jobs')).toBe(0);
    driver.create({ steps: body.steps });
    await driver.pass(60_000);
    expect(driver.db.count('definitions')).toBe(1);
  });
});

describe('jobs share the alarms of their retention', () => {
  test('those of one minute when they are kept for minutes, those of one hour when for days', async () => {
    for (const [payloads, history, spreadMs] of [
      ['1m', '2m', 1_000],
      ['1d', '10d', 60_000],
    ] as const) {
      const driver = new ShardDriver();
      await passToHour(driver, 0);
      for (let made = 0; made < 50; made += 1) {
        driver.finish(driver.create({ ...body, retention: { payloads, history } }));
        await driver.settleHistory();
        await driver.pass(spreadMs - 200);
      }
      const { alarmsFired } = driver;
      await driver.pass(11 * DAY);
      expect(driver.db.count('jobs')).toBe(0);
      expect(driver.alarmsFired - alarmsFired).toBeLessThanOrEqual(6);
    }
  });
});

describe('nothing is erased', () => {
  test('before its history is safe', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create({ ...body, retention: { payloads: '1h', history: '2h' } });
    driver.finish(jobId);
    await driver.pass(DAY);
    expect(driver.snapshot(jobId).payloadsErased).toBe(false);
    driver.deliverHistory();
    await driver.pass(10);
    expect(driver.db.count('jobs')).toBe(0);
  });

  test('as long as R2 cannot be reached; the neighbours do not wait for it', async () => {
    const driver = new ShardDriver();
    const jobId = await finished(driver);
    const neighbour = driver.create({ ...body, timeouts: { job: '30d' } });
    driver.failing.objects = 3;
    await passToHour(driver, 2 * DAY);
    expect(driver.snapshot(jobId).payloadsErased).toBe(false);
    expect(driver.objects.size).toBe(1);
    expect(
      driver.logs.filter(({ event }) => event === 'shard.attend_failed').length,
    ).toBeGreaterThan(0);
    await driver.pass(240_000);
    expect(driver.snapshot(jobId).payloadsErased).toBe(true);
    expect(driver.objects.size).toBe(0);
    expect(driver.state(neighbour).status).toBe('queued');
  });
});

describe('a late report', () => {
  const chat: DefinitionBody = {
    ...body,
    steps: [
      { id: 'a', uses: 'model.chat', route: { targets: [{ provider: 'openai', model: 'm' }] } },
    ],
    timeouts: { job: '30s' },
  };

  async function timedOut(driver: ShardDriver): Promise<JobId> {
    const jobId = driver.create(chat, { input: { text: 'i'.repeat(300_000) } });
    driver.claim(jobId);
    await driver.pass(30_000);
    await driver.settleHistory();
    expect(driver.state(jobId).status).toBe('timed_out');
    return jobId;
  }

  test('that comes while R2 erases is not overwritten: its cost is kept and told', async () => {
    const driver = new ShardDriver();
    const jobId = await timedOut(driver);
    driver.whileDeleting = () => {
      driver.whileDeleting = () => {};
      const { settled } = driver.succeed(jobId, 'a#1', {}, { costNanoUsd: 9 });
      expect(settled).toEqual(['late']);
    };
    await passToHour(driver, 2 * DAY);
    expect(driver.state(jobId).cost.nanoUsd).toBe(9);
    expect(driver.events(jobId).map(({ seq }) => seq)).toEqual(
      driver.events(jobId).map((_, index) => index + 1),
    );
    await driver.settleHistory();
    expect(driver.recorded.get(jobId)?.job.cost_nano_usd).toBe(9);
    await driver.pass(60_000);
    expect(driver.snapshot(jobId).payloadsErased).toBe(true);
  });

  test('that comes after the payloads are gone brings its cost and no payload', async () => {
    const driver = new ShardDriver();
    const jobId = await timedOut(driver);
    await driver.pass(3 * DAY);
    driver.succeed(jobId, 'a#1', { text: 'late payload' }, { costNanoUsd: 9 });
    expect(JSON.stringify(driver.db.rows('SELECT * FROM jobs, payloads'))).not.toContain(
      'late payload',
    );
    expect(driver.state(jobId).cost.nanoUsd).toBe(9);
    await driver.settleHistory();
    await driver.pass(8 * DAY);
    expect(driver.db.count('jobs')).toBe(0);
  });

  test('whose output went into R2 does not leave it there for ever', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(chat);
    driver.claim(jobId);
    await driver.pass(30_000);
    await driver.settleHistory();
    driver.succeed(jobId, 'a#1', { text: 'x'.repeat(300_000) }, { costNanoUsd: 0 });
    expect(driver.objects.size).toBe(1);
    await driver.settleHistory();
    await passToHour(driver, 2 * DAY);
    expect(driver.objects.size).toBe(0);
  });
});
