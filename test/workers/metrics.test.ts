import { env, exports } from 'cloudflare:workers';
import { expect, test } from 'vitest';

import { DEPLOYMENT } from '../../src/domain/ids.ts';
import { writeHistory } from '../../src/runtime/d1/history/write-history.ts';
import { DAY_MS, HOUR_MS } from '../../src/services/metrics/facts/fact.ts';
import { dice, makeJob } from '../services/metrics/random-history.ts';

type Handlers = {
  scheduled(options: { cron: string; scheduledTime: Date }): Promise<{ outcome: string }>;
};

/** The Worker's own schedule, with the platform's database and bucket. */
function fireEveryMinute(): Promise<{ outcome: string }> {
  const handlers = exports.default as unknown as Handlers;
  return handlers.scheduled({ cron: '* * * * *', scheduledTime: new Date() });
}

async function sums(grain: string): Promise<unknown[]> {
  const { results } = await env.DB.prepare(
    'SELECT * FROM metric_rollups WHERE grain = ? AND project <> ? ORDER BY project, at',
  )
    .bind(grain, DEPLOYMENT)
    .all();
  return results;
}

/** Besides those of the samples that the schedule takes meanwhile. */
async function rowsIn(table: string): Promise<number> {
  const query = `SELECT count(*) AS rows FROM ${table} WHERE project <> ?`;
  const row = await env.DB.prepare(query).bind(DEPLOYMENT).first();
  return Number(row?.['rows']);
}

test('minutes become hours, repetitions change nothing, and old facts go to the bucket', async () => {
  for (const project of ['prj_a', 'prj_b']) {
    await env.DB.prepare('INSERT INTO projects (id, name, created_at) VALUES (?, ?, 0)')
      .bind(project, project)
      .run();
  }
  const roll = dice(3);
  // Older than facts are kept in the database, younger than minutes are kept.
  const fromMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 9 * DAY_MS;
  const jobs = Array.from({ length: 16 }, (_, index) => makeJob(roll, index, fromMs, 120_000));
  const entries = jobs.flatMap((job) => job.entries);
  expect((await writeHistory(env.DB, entries)).refused).toEqual([]);
  expect(await rowsIn('metric_facts')).toBeLessThan(entries.length);

  expect((await fireEveryMinute()).outcome).toBe('ok');
  await fireEveryMinute();
  const [minutes, hours] = [await sums('minute'), await sums('hour')];
  expect(minutes.length).toBeGreaterThan(4);
  expect(hours.length).toBeGreaterThanOrEqual(2);
  expect(await rowsIn('metric_marks')).toBe(0);
  expect(await rowsIn('metric_facts')).toBe(0);
  expect(await env.DB.prepare('SELECT 1 FROM metric_runs').first()).not.toBeNull();

  await writeHistory(env.DB, entries.toReversed());
  await Promise.all([fireEveryMinute(), fireEveryMinute()]);
  await fireEveryMinute();
  expect(await sums('minute')).toEqual(minutes);
  expect(await sums('hour')).toEqual(hours);

  const { objects } = await env.OBJECTS.list({ prefix: 'metrics/' });
  const bodies = await Promise.all(
    objects.map(async ({ key }) => (await (await env.OBJECTS.get(key))?.text()) ?? ''),
  );
  const lines = bodies.flatMap((body) => body.trimEnd().split('\n'));
  expect(new Set(lines).size).toBe(lines.length);
  const ended = lines.filter((line) => line.includes('"kind":"job"'));
  expect(ended).toHaveLength(jobs.length);
}, 30_000);

test('a deployment that measures nothing keeps no facts', async () => {
  const job = makeJob(dice(4), 9_999, Date.now() - DAY_MS, HOUR_MS);
  await writeHistory(env.DB, job.entries, { unmeasured: true });
  expect(await rowsIn('metric_facts')).toBe(0);
});
