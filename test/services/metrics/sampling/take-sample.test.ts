import { describe, expect, test } from 'vitest';

import { projectId } from '../../../../src/domain/ids.ts';
import type { Target } from '../../../../src/domain/model/target.ts';
import { targetName, type TargetHealth } from '../../../../src/domain/model/target-gate.ts';
import { statementsOfFacts } from '../../../../src/runtime/d1/fact-rows.ts';
import { makeSampleStore } from '../../../../src/runtime/metrics/sample-store.ts';
import { MINUTE_MS, type Fact } from '../../../../src/services/metrics/facts/fact.ts';
import {
  takeSample,
  type SampleDeps,
} from '../../../../src/services/metrics/sampling/take-sample.ts';
import type { QueueState } from '../../../../src/services/ports/backlogs.ts';
import type { SampleStore } from '../../../../src/services/ports/sample-store.ts';
import { DAY, metricsWorld, settle } from '../metrics-world.ts';

const NOON = DAY + 720 * MINUTE_MS;
const never = new Promise<never>(() => {});
async function fails(): Promise<never> {
  throw new TypeError('no');
}

function queue(name: string, messages: number | null, oldestAtMs: number | null): QueueState {
  return { queue: name, messages, bytes: null, oldestAtMs, unavailable: null };
}

/** Samples over a database of their own; `wrong` is how a part of the world misbehaves. */
function samplingWorld(
  wrong: Omit<Partial<SampleDeps>, 'store'> & { readonly store?: Partial<SampleStore> } = {},
) {
  const its = metricsWorld();
  its.clock.nowMs = NOON + 100;
  const asked: string[] = [];
  const lines: unknown[] = [];
  const observed: unknown[] = [];
  const states: Record<string, TargetHealth['state']> = {};
  const queues = { now: [queue('JOBS_0', 3, NOON - 9_900), queue('JOBS_1', null, null)] };
  const deps: SampleDeps = {
    backlogs: { queues: async () => queues.now },
    desk: {
      view: ({ provider }) => ({ usable: true, local: provider === 'builtin' }),
      async health(target) {
        asked.push(targetName(target));
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else of a target's health is looked at
        return { state: states[targetName(target)] ?? 'closed' } as TargetHealth;
      },
    },
    observe: (seen) => observed.push(...seen),
    log: (_level, event, { what, error }) => lines.push([event, what, error]),
    machine: {
      nowMs: () => its.clock.nowMs,
      wait: async () => new Promise((go) => setTimeout(go, 9)),
    },
    ...wrong,
    store: { ...makeSampleStore(its.d1.binding()), ...wrong.store },
  };
  return {
    ...its,
    asked,
    lines,
    observed,
    states,
    queues,
    take: (atMs = NOON) => takeSample(deps, atMs),
    /** Calls of targets, as history brings them. */
    async use(project: string, atMs: number, targets: readonly Target[]): Promise<void> {
      const facts = targets.map((target, seq): Fact => ({
        kind: 'attempt',
        seq,
        at: atMs,
        step: 'ask',
        outcome: 'failed',
        ...target,
      }));
      const job = { job: `job_${atMs}`, pipeline: 'digest', version: 1, facts };
      const d1 = its.d1.binding();
      await d1.batch(statementsOfFacts(d1, [{ project, facts: job }], 'one'));
    },
    wait(project: string, id: string, kind: string, sinceMs: number): void {
      its.d1.rows(
        `INSERT INTO jobs VALUES (?, ?, 'p', 1, 'queued', NULL, 1, ?, NULL, NULL, NULL, 0, 0, '[]', '{}', '', '',
           ?, NULL, ?)`,
        project,
        id,
        sinceMs - 1,
        kind,
        sinceMs + 5_000,
      );
    },
    async sums(project: string, set: 'queues' | 'runnable' | 'targets', minuteMs = NOON) {
      const range = { fromMs: minuteMs, toMs: minuteMs + MINUTE_MS };
      const [unit] = await its.store.sums(projectId(project), 'minute', [range], [set]);
      return [...(unit?.rollup[set].values() ?? [])].map(({ values, sums, distributions }) => [
        ...values,
        Object.fromEntries(sums),
        Object.fromEntries([...distributions].map(([name, of]) => [name, [of.count, of.sum]])),
      ]);
    },
  };
}

const openai = (model: string): Target => ({ provider: 'openai', model });

describe('a sample', () => {
  test('looks for targets in use in the newest sums only, however many projects have some', async () => {
    const { d1 } = samplingWorld();
    const sumsOf = (models: number, minutesAgo: number): void => {
      for (let index = 0; index < models; index += 1) {
        const project = `prj_${minutesAgo}_${index}`;
        const series = [['digest', '1', 'ask', 'openai', `m${minutesAgo}_${index}`, ''], {}, {}];
        d1.rows('INSERT INTO projects (id, name, created_at) VALUES (?, ?, 0)', project, '');
        d1.rows(
          `INSERT INTO metric_rollups VALUES (?, 'minute', ?, 1, ?)`,
          project,
          NOON - minutesAgo * MINUTE_MS,
          JSON.stringify({ attempts: [series] }),
        );
      }
    };
    sumsOf(1_200, 9);
    sumsOf(3, 2);
    const used = await makeSampleStore(d1.binding()).usedTargets(NOON, 2_000);
    expect(used).toHaveLength(1_000);
    expect(used.slice(0, 3).map(({ model }) => model)).toEqual(['m2_0', 'm2_1', 'm2_2']);
  });

  test('tells how queues, targets and waiting jobs stand', async () => {
    const its = samplingWorld();
    await its.use('prj_a', NOON - MINUTE_MS, [openai('up'), openai('down')]);
    its.states['openai/down'] = 'open';
    its.wait('prj_a', 'job_1', 'runner', NOON - 70_000);
    its.wait('prj_a', 'job_2', 'runner', NOON - 90_000);
    its.wait('prj_a', 'job_3', 'review', NOON - 99_000);
    await its.take();
    await settle(its, NOON + 10 * MINUTE_MS);
    const depth = { queue_messages: [1, 3], queue_oldest_age: [1, 10_000] };
    expect(await its.sums('prj_deployment', 'queues')).toEqual([['JOBS_0', {}, depth]]);
    expect(await its.sums('prj_deployment', 'targets')).toEqual([
      ['openai', 'down', 'unavailable', { target_samples: 1n }, {}],
      ['openai', 'up', 'available', { target_samples: 1n, available_samples: 1n }, {}],
    ]);
    const waited = { runnable_jobs: [1, 2], runnable_oldest_age: [1, 90_100] };
    expect(await its.sums('prj_a', 'runnable')).toEqual([[{}, waited]]);
    expect(await its.sums('prj_b', 'runnable')).toEqual([]);
    expect(its.observed).toHaveLength(3);
    expect(its.lines).toEqual([]);
  });

  test('of a minute is one, however often the minute is told, and whatever was seen the next time', async () => {
    const its = samplingWorld();
    await Promise.all([its.take(), its.take(NOON + 40)]);
    its.queues.now = [queue('JOBS_0', 9, null), queue('HISTORY', 9, null)];
    await its.take();
    await settle(its, NOON + 10 * MINUTE_MS);
    const depth = { queue_messages: [1, 3], queue_oldest_age: [1, 10_000] };
    expect(await its.sums('prj_deployment', 'queues')).toEqual([['JOBS_0', {}, depth]]);
    expect(its.observed).toHaveLength(1);
    expect(its.d1.rows('SELECT * FROM metric_facts')).toHaveLength(1);
  });

  test('that comes a minute late is none', async () => {
    const its = samplingWorld();
    await its.take(NOON - MINUTE_MS + 50);
    expect(its.d1.rows('SELECT * FROM metric_facts')).toEqual([]);
  });

  test('of a project says once that nothing waits any more', async () => {
    const its = samplingWorld();
    its.wait('prj_a', 'job_1', 'runner', NOON - 70_000);
    await its.take();
    its.d1.rows('UPDATE jobs SET waiting_kind = NULL');
    for (const minutes of [1, 2, 3]) {
      its.clock.nowMs = NOON + minutes * MINUTE_MS;
      await its.take(its.clock.nowMs);
    }
    await settle(its, NOON + 10 * MINUTE_MS);
    const over = { runnable_jobs: [1, 0], runnable_oldest_age: [1, 0] };
    expect(await its.sums('prj_a', 'runnable', NOON + MINUTE_MS)).toEqual([[{}, over]]);
    expect(await its.sums('prj_a', 'runnable', NOON + 2 * MINUTE_MS)).toEqual([]);
  });

  test.each([false, true])('looks at targets used lately (summed up: %s)', async (summed) => {
    const its = samplingWorld();
    await its.use('prj_a', NOON - 16 * MINUTE_MS, [openai('left')]);
    await its.use('prj_a', NOON - 14 * MINUTE_MS, [openai('rare')]);
    await its.use('prj_b', NOON - MINUTE_MS, [openai('now'), { provider: 'builtin', model: 'in' }]);
    if (!summed) its.d1.rows('DELETE FROM metric_facts WHERE minute < ?', NOON - 3 * MINUTE_MS);
    its.clock.nowMs = NOON + (summed ? 3 * MINUTE_MS : 0);
    if (summed) await its.rollUp();
    its.clock.nowMs = NOON;
    await its.take();
    expect(its.asked).toEqual(summed ? ['openai/now', 'openai/rare'] : ['openai/now']);
  });

  test('asks no shard, at most 50 gates, and D1 as often as for one project', async () => {
    const its = samplingWorld();
    const many = Array.from({ length: 100 }, (_, index) => openai(`m${index}`));
    for (let index = 0; index < 1_000; index += 1) {
      const project = `prj_${index}x`;
      its.d1.rows('INSERT INTO projects (id, name, created_at) VALUES (?, ?, 0)', project, project);
      its.wait(project, 'job_1', 'runner', NOON - 6_000);
      // oxlint-disable-next-line no-await-in-loop -- one connection
      if (index % 200 === 0) await its.use(project, NOON - index, many);
    }
    let calls = 0;
    its.d1.beforeCall = () => (calls += 1);
    await its.take();
    expect(its.asked).toHaveLength(50);
    expect(calls).toBe(3);
    expect(
      its.d1.rows('SELECT DISTINCT project FROM metric_facts WHERE minute = ?', NOON),
    ).toHaveLength(1_001);
  });
});

describe('what is silent or broken keeps nothing else from being seen', () => {
  const silent = { view: () => ({ usable: true, local: false }) as const };
  const cases: [string, Parameters<typeof samplingWorld>[0], string[], unknown[]][] = [
    [
      'a queue',
      { backlogs: { queues: fails } },
      ['targets', 'runnable'],
      [['queues', 'TypeError']],
    ],
    [
      'queues that hang',
      { backlogs: { queues: () => never } },
      ['targets', 'runnable'],
      [['queues', 'late']],
    ],
    ['a gate', { desk: { ...silent, health: async () => null } }, ['queues', 'runnable'], []],
    [
      'a gate that hangs',
      { desk: { ...silent, health: () => never } },
      ['queues', 'runnable'],
      [['targets', 'late']],
    ],
    [
      'the list of jobs',
      { store: { waiting: fails } },
      ['queues', 'targets'],
      [['jobs', 'TypeError']],
    ],
    [
      'the list of targets',
      { store: { usedTargets: () => never } },
      ['queues', 'runnable'],
      [['targets', 'late']],
    ],
    ['the database', { store: { keep: fails } }, [], [['store', 'TypeError']]],
  ];
  test.each(cases)('%s', async (_name, wrong, sets, lines) => {
    const its = samplingWorld(wrong);
    await its.use('prj_a', NOON, [openai('up')]);
    its.wait('prj_a', 'job_1', 'runner', NOON - 70_000);
    await its.take();
    await settle(its, NOON + 10 * MINUTE_MS);
    const found = {
      queues: await its.sums('prj_deployment', 'queues'),
      targets: await its.sums('prj_deployment', 'targets'),
      runnable: await its.sums('prj_a', 'runnable'),
    };
    expect(
      Object.entries(found).flatMap(([set, series]) => (series.length > 0 ? [set] : [])),
    ).toEqual(['queues', 'targets', 'runnable'].filter((set) => sets.includes(set)));
    expect(its.lines).toEqual(lines.map((line) => ['metrics.unsampled', ...(line as unknown[])]));
  });
});
