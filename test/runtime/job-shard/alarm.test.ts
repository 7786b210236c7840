import { describe, expect, test } from 'vitest';

import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const one: DefinitionBody = { steps: [{ id: 'a', uses: 'data.compose' }] };
const expiring = (queue: string): DefinitionBody => ({ ...one, timeouts: { queue } });

describe('the alarm', () => {
  test('stands as long as anything is due, and at its earliest', async () => {
    const driver = new ShardDriver();
    driver.create(expiring('4s'));
    driver.create(expiring('2s'));
    expect(driver.alarmAtMs).toBe(driver.nowMs + 2_000);
    await driver.pass(2_000);
    expect(driver.alarmAtMs).toBe(driver.nowMs + 2_000);
  });

  test('is not moved when the standing one is earlier: that would cost a row', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(one);
    expect(driver.alarmsSet).toBe(1);
    driver.create(one);
    driver.finish(jobId);
    expect(driver.alarmsSet).toBe(1);
  });

  test('does not stand in an empty shard, nor before anything is due in a quiet one', async () => {
    const driver = new ShardDriver();
    expect(driver.alarmAtMs).toBeNull();
    const jobId = driver.create(one);
    driver.finish(jobId);
    await driver.settleHistory();
    await driver.pass(3_600_000);
    expect(driver.alarmsFired).toBe(1);
    // Payloads are kept for a week, and go at a full hour.
    const week = (driver.state(jobId).finishedAtMs ?? 0) + 7 * 86_400_000;
    expect(driver.alarmAtMs).toBe(Math.ceil(week / 3_600_000) * 3_600_000);
  });

  test('fired twice does once what there is to do', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(expiring('10s'));
    driver.nowMs += 10_000;
    await driver.fireAlarm();
    const { seq } = driver.state(jobId);
    const rows = driver.db.rowsWritten;
    await driver.fireAlarm();
    expect(driver.state(jobId)).toMatchObject({ seq, status: 'expired' });
    expect(driver.db.rowsWritten).toBe(rows);
    expect(driver.alarmAtMs).toBeGreaterThan(driver.nowMs);
  });

  test('fired before anything is due does nothing, and stands again', async () => {
    const driver = new ShardDriver();
    driver.create(expiring('4s'));
    const rows = driver.db.rowsWritten;
    await driver.fireAlarm();
    expect(driver.db.rowsWritten).toBe(rows);
    expect(driver.alarmAtMs).toBe(driver.nowMs + 4_000);
  });

  test('that comes hours late makes up for all of it', async () => {
    const driver = new ShardDriver();
    const jobs = [expiring('10s'), expiring('20s'), expiring('1h')].map((body) =>
      driver.create(body),
    );
    const running = driver.create({ ...one, timeouts: { job: '2h' } });
    driver.claim(running);
    driver.nowMs += 6 * 3_600_000;
    await driver.fireAlarm();
    for (const jobId of jobs) expect(driver.state(jobId).status).toBe('expired');
    expect(driver.state(running).status).toBe('timed_out');
  });

  test('takes fifty jobs at a time, and comes again at once for the rest', async () => {
    const driver = new ShardDriver();
    const jobs = Array.from({ length: 120 }, () => driver.create(expiring('10s')));
    driver.nowMs += 10_000;
    const expired = () => jobs.filter((jobId) => driver.state(jobId).status === 'expired').length;
    await driver.fireAlarm();
    expect([expired(), driver.alarmAtMs]).toEqual([50, driver.nowMs + 1]);
    await driver.fireAlarm();
    expect([expired(), driver.alarmAtMs]).toEqual([100, driver.nowMs + 1]);
    await driver.fireAlarm();
    expect(expired()).toBe(120);
    expect(driver.alarmAtMs).toBeGreaterThan(driver.nowMs);
  });

  test('does not fire over and over while a runner is late, and writes nothing meanwhile', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create({
      steps: [{ id: 'a', uses: 'data.compose', timeouts: { attempt: '10s', step: '10s' } }],
    });
    driver.claim(jobId, { hinted: true });
    await driver.settleHistory();
    const [rows, fired] = [driver.db.rowsWritten, driver.alarmsFired];
    await driver.pass(20_000);
    expect(driver.db.rowsWritten).toBe(rows);
    // Once for a wait that was over by then, once for the lease.
    expect(driver.alarmsFired - fired).toBeLessThanOrEqual(2);
    expect(driver.succeed(jobId, 'a#1').settled).toEqual(['used']);
  });

  test('does not fire over and over while the queue takes long to accept history', async () => {
    const driver = new ShardDriver();
    driver.finish(driver.create(one));
    await driver.pass(200);
    const fired = driver.alarmsFired;
    await driver.pass(3_600_000);
    expect(driver.alarmsFired - fired).toBeLessThan(20);
  });

  test('never throws: it stands again a second later', async () => {
    const driver = new ShardDriver();
    driver.create(expiring('10s'));
    driver.nowMs += 10_000;
    driver.db.beforeExec = () => {
      throw new Error('no storage');
    };
    await driver.fireAlarm();
    expect(driver.logs).toContainEqual({ level: 'error', event: 'shard.alarm_failed' });
    expect(driver.alarmAtMs).toBe(driver.nowMs + 1_000);
  });
});

describe('an alarm that is gone', () => {
  test('is put back when the object starts', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(expiring('10s'));
    driver.alarmAtMs = null;
    driver.restart();
    expect(driver.alarmAtMs).toBe(driver.nowMs + 10_000);
    driver.nowMs += 60_000;
    driver.alarmAtMs = null;
    driver.restart();
    expect(driver.alarmAtMs).toBe(driver.nowMs + 1);
    expect(driver.state(jobId).status).toBe('queued');
  });

  test('is put back by a call from outside, though the object believes that it stands', () => {
    const driver = new ShardDriver();
    driver.create(expiring('10s'));
    driver.alarmAtMs = null;
    driver.nowMs += 120_000;
    driver.shard.ensureAlarm();
    expect(driver.alarmAtMs).toBe(driver.nowMs + 1);
  });

  test('that stands early enough is left alone', () => {
    const driver = new ShardDriver();
    driver.create(expiring('10s'));
    driver.shard.ensureAlarm();
    driver.restart();
    expect(driver.alarmsSet).toBe(1);
  });
});

/** The object dies while it attends this job: nothing after it happens, and what it did is not stored. */
function killAt(driver: ShardDriver, jobId: string): void {
  driver.db.beforeExec = (query) => {
    if (!query.startsWith('UPDATE jobs') || attended(driver) !== jobId) return;
    driver.restart();
    throw new Error('killed');
  };
}

/** The job that the shard has marked as being attended. */
function attended(driver: ShardDriver): string | undefined {
  const [row] = driver.db.rows("SELECT value FROM meta WHERE key = 'alarm_suspect'");
  return row === undefined ? undefined : String(row['value']);
}

describe('after two failed firings in a row', () => {
  test('one job is attended at a time', async () => {
    const driver = new ShardDriver();
    const jobs = Array.from({ length: 3 }, () => driver.create(expiring('10s')));
    driver.nowMs += 10_000;
    await driver.fireAlarm(2);
    expect(jobs.filter((jobId) => driver.isOver(jobId))).toHaveLength(1);
    expect(driver.alarmAtMs).toBe(driver.nowMs + 1);
    expect(attended(driver)).toBeUndefined();
  });

  test('a job that was found marked is quarantined, and the others are attended', async () => {
    const driver = new ShardDriver();
    const bad = driver.create(expiring('10s'));
    const good = driver.create(expiring('11s'));
    driver.nowMs += 11_000;
    killAt(driver, bad);
    await driver.fireAlarm(2);
    expect(attended(driver)).toBe(bad);
    expect(driver.state(bad).status).toBe('queued');
    driver.db.beforeExec = () => {};
    await driver.fireAlarm(3);
    expect(driver.state(bad)).toMatchObject({ status: 'failed', reason: { code: 'internal' } });
    expect(attended(driver)).toBeUndefined();
    await driver.fireAlarm(0);
    expect(driver.state(good).status).toBe('expired');
  });

  test('a job that is over and was found marked is left alone for a minute', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create({ ...one, retention: { payloads: '1h', history: '2h' } });
    driver.finish(jobId);
    await driver.settleHistory();
    driver.nowMs += 3_750_000;
    killAt(driver, jobId);
    await driver.fireAlarm(2);
    expect(attended(driver)).toBe(jobId);
    driver.db.beforeExec = () => {};
    await driver.fireAlarm(3);
    expect(driver.state(jobId).status).toBe('succeeded');
    expect(driver.alarmAtMs).toBe(driver.nowMs + 60_000);
  });

  test('a job that can be attended is not harmed', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(expiring('10s'));
    driver.nowMs += 10_000;
    await driver.fireAlarm(5);
    expect(driver.state(jobId).status).toBe('expired');
    expect(driver.state(jobId).reason).toBeNull();
  });
});
