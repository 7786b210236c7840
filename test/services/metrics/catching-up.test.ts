import { describe, expect, test } from 'vitest';

import { projectId } from '../../../src/domain/ids.ts';
import { isoTime } from '../../../src/domain/wire.ts';
import { statementsOfFacts } from '../../../src/runtime/d1/fact-rows.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/services/metrics/facts/fact.ts';
import { readWindow } from '../../../src/services/metrics/query/read-window.ts';
import { rebuildMetrics } from '../../../src/services/metrics/rebuild-metrics.ts';
import { FactSum } from '../../../src/services/metrics/rollup/fact-sum.ts';
import { runRollUp } from '../../../src/services/metrics/rollup/run-roll-up.ts';
import { mergeRollups } from '../../../src/services/metrics/rollup/series.ts';
import type { MetricsStore, MetricUnit } from '../../../src/services/ports/metrics-store.ts';
import { DAY, metricsWorld, settle, type World } from './metrics-world.ts';

const PROJECT = projectId('prj_a');

function jobEndedAt(at: number, job = `job_${at}`) {
  const ended = { kind: 'job', seq: 3, status: 'succeeded', latency_ms: 9, queue_ms: 1 } as const;
  return { job, pipeline: 'digest', version: 1, facts: [{ ...ended, at }] };
}

async function bring({ d1 }: World, jobs: readonly ReturnType<typeof jobEndedAt>[], batch: string) {
  const owned = jobs.map((facts) => ({ project: PROJECT, facts }));
  await d1.binding().batch(statementsOfFacts(d1.binding(), owned, batch));
}

function sumsOf({ d1 }: World, grain: string): unknown[] {
  const query = `SELECT at FROM metric_rollups WHERE project = 'prj_a' AND grain = ? ORDER BY at`;
  return d1.rows(query, grain).map(({ at }) => at);
}

describe('after three days without the schedule', () => {
  const MINUTES = 3 * 24 * 60;
  async function missed(): Promise<World> {
    const its = metricsWorld();
    const jobs = Array.from({ length: MINUTES }, (_, index) => jobEndedAt(DAY + index * MINUTE_MS));
    await bring(its, jobs, 'missed');
    its.clock.nowMs = DAY + 3 * DAY_MS + 2 * MINUTE_MS;
    return its;
  }

  test('the newest minutes are there first, and a slow database leaves time for hours and the archive', async () => {
    const its = await missed();
    await bring(its, [jobEndedAt(DAY - DAY_MS)], 'old');
    its.d1.rows('DELETE FROM metric_marks WHERE at = ?', DAY - DAY_MS);
    its.d1.beforeCall = () => (its.clock.nowMs += 10);
    const counts = await its.rollUp();
    expect(sumsOf(its, 'minute').at(-1)).toBe(DAY + (MINUTES - 1) * MINUTE_MS);
    expect(sumsOf(its, 'hour').at(-1)).toBe(DAY + (3 * 24 - 1) * HOUR_MS);
    expect(counts).toMatchObject({ archived: 1 });
    expect(counts.minutes).toBeGreaterThan(100);
    expect(counts.left).toBeGreaterThan(100);
    expect(its.clock.nowMs).toBeLessThan(DAY + 3 * DAY_MS + 2 * MINUTE_MS + 30_000);
  });

  test('all of it is there in a few runs', async () => {
    const its = await missed();
    for (let run = 0; run < 3; run += 1) await its.rollUp();
    expect(sumsOf(its, 'minute')).toHaveLength(MINUTES);
    expect(sumsOf(its, 'hour')).toHaveLength(3 * 24);
  });
});

async function broken(): Promise<never> {
  throw new TypeError('no answer');
}

test('a part of a run that fails keeps no other from being done', async () => {
  const its = metricsWorld();
  await bring(its, [jobEndedAt(DAY)], 'one');
  its.clock.nowMs = DAY + HOUR_MS + 2 * MINUTE_MS;
  const lines: unknown[] = [];
  const store = { ...its.store, due: broken, minutesBefore: broken, deleteSums: broken };
  const log = (_level: string, event: string, fields?: object) =>
    void lines.push({ event, ...fields });
  await runRollUp({ ...its.kept, store, log });
  expect(lines).toEqual(
    ['minutes', 'archive', 'old minutes', 'old hours', 'hours'].map((what) => ({
      event: 'metrics.part_failed',
      what,
      error: 'TypeError',
    })),
  );
  await runRollUp({ ...its.kept, store: { ...its.store, minutesBefore: broken }, log });
  expect([sumsOf(its, 'minute'), sumsOf(its, 'hour')]).toEqual([[DAY], [DAY]]);
});

test('an hour that takes all the time there is keeps nothing from the archive', async () => {
  const its = metricsWorld();
  await bring(its, [jobEndedAt(DAY)], 'one');
  its.clock.nowMs = DAY + 3 * DAY_MS;
  const killed = new Promise<never>((_, reject) => {
    const partsOf = async (): Promise<never> => {
      reject(new Error('exceeded its processor time'));
      return new Promise(() => {});
    };
    void runRollUp({ ...its.machine, store: { ...its.store, partsOf } });
  });
  await expect(killed).rejects.toThrow('processor time');
  expect(its.d1.rows('SELECT * FROM metric_facts')).toEqual([]);
  expect(its.bucket.objects.size).toBe(1);
});

test('a question adds up so many facts itself, and answers as of the minute that is left out', async () => {
  const asked: number[] = [];
  const units = Array.from({ length: 30 }, (_, index): MetricUnit => {
    return { project: PROJECT, grain: 'minute', atMs: DAY + index * MINUTE_MS };
  });
  const store: MetricsStore = {
    sums: async () => [],
    marks: async (_project, grain) => (grain === 'minute' ? units : []),
    async sumFacts(_project, minuteMs) {
      asked.push(minuteMs);
      const sum = new FactSum();
      sum.add([jobEndedAt(minuteMs)]);
      return { rollup: sum.sum(), sources: 30_000, rowsRead: 300 };
    },
  };
  const nowMs = DAY + HOUR_MS;
  const answer = await readWindow(store, {
    project: PROJECT,
    range: { fromMs: DAY, toMs: nowMs },
    sets: ['jobs'],
    grain: 'minute',
    nowMs,
    minutesFromMs: DAY - DAY_MS,
  });
  expect(asked.length).toBeLessThan(10);
  expect(answer.units.map(({ atMs }) => atMs)).toEqual(asked);
  expect(answer.asOfMs).toBe(units[asked.length]?.atMs);
});

test('an hour made of facts stays marked when one came that another run has summed up meanwhile', async () => {
  const its = metricsWorld();
  await bring(its, [jobEndedAt(DAY)], 'one');
  await settle(its, DAY + 10 * DAY_MS);
  await its.store.mark({ fromMs: DAY, toMs: DAY + HOUR_MS }, 10);
  const hour = { project: PROJECT, grain: 'hour', atMs: DAY } as const;
  const made = await its.store.partsOf(hour);
  await bring(its, [jobEndedAt(DAY + 1)], 'late');
  expect(await its.store.storeHour(hour, mergeRollups(made.rollups), made)).toBe(false);
  await settle(its, DAY + 10 * DAY_MS);
  expect(its.d1.rows(`SELECT grain, sources FROM metric_rollups`)).toEqual([
    { grain: 'hour', sources: 2 },
  ]);
});

test('more sums than one statement should mark are refused', async () => {
  const its = metricsWorld();
  const jobs = Array.from({ length: 50 }, (_, index) => jobEndedAt(DAY + index * MINUTE_MS));
  await bring(its, jobs, 'many');
  await settle(its, DAY + HOUR_MS * 2);
  const range = { fromMs: DAY, toMs: DAY + HOUR_MS };
  expect(await its.store.mark(range, 50)).toBeNull();
  expect(its.d1.rows('SELECT * FROM metric_marks')).toEqual([]);
  expect(await its.store.mark(range, 51)).toBe(51);

  const root = { id: 'root', project: PROJECT, scopes: new Set([]), isRoot: true } as const;
  const store = { ...its.store, mark: async () => null };
  const metrics = { store, kept: its.kept };
  const window = { from: isoTime(DAY), to: isoTime(DAY + DAY_MS) };
  expect(await rebuildMetrics({ metrics }, root, window)).toMatchObject({
    ok: false,
    failure: { code: 'unprocessable', message: expect.stringContaining('shorter') },
  });
});
