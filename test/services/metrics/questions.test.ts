import parsePrometheus from 'parse-prometheus-text-format';
import { beforeAll, describe, expect, test, vi } from 'vitest';

import type { Actor, Scope } from '../../../src/domain/access.ts';
import { projectId } from '../../../src/domain/ids.ts';
import { isoTime } from '../../../src/domain/wire.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/services/metrics/facts/fact.ts';
import { costs, type CostGroup, type Costs } from '../../../src/services/metrics/query/costs.ts';
import { prometheusText } from '../../../src/services/metrics/query/prometheus.ts';
import { deploymentScopes } from '../../../src/services/metrics/query/scrape-scopes.ts';
import { summary } from '../../../src/services/metrics/query/summary.ts';
import { timeseries } from '../../../src/services/metrics/query/timeseries.ts';
import type { Step } from '../../../src/services/metrics/query/window.ts';
import { mergeRollups } from '../../../src/services/metrics/rollup/series.ts';
import { fromStored } from '../../../src/services/metrics/rollup/stored-rollup.ts';
import type { Result } from '../../../src/services/result.ts';
import { DAY, deliver, metricsWorld, settle } from './metrics-world.ts';
import { dice, makeJob, pick, type MadeJob } from './random-history.ts';

vi.setConfig({ testTimeout: 60_000 });

const its = metricsWorld();
const roll = dice(2026);
const SPAN_MS = 3 * HOUR_MS;
const JOBS = 10_000;
const jobs: readonly MadeJob[] = Array.from({ length: JOBS }, (_, index) =>
  makeJob(roll, index, DAY, SPAN_MS),
);

function actorOf(isRoot: boolean, scopes: readonly Scope[] = ['metrics:read']): Actor {
  return { id: 'key_a', project: projectId('prj_a'), scopes: new Set(scopes), isRoot };
}
const actor = actorOf(false);
const backlogs = {
  queues: async () => [
    { queue: 'JOBS_0', messages: 3, bytes: 90, oldestAtMs: DAY, unavailable: null },
    { queue: 'JOBS_1', messages: null, bytes: null, oldestAtMs: null, unavailable: 'no answer' },
    { queue: 'HISTORY', messages: 2, bytes: null, oldestAtMs: null, unavailable: null },
  ],
  shards: async () => [{ jobs: 2, oldestSinceMs: DAY }, null],
};
const targets = {
  providers: { ids: ['openai', 'builtin'], modelsOf: () => [] } as never,
  namedTargets: { of: async () => [{ provider: 'openai', model: 'a "b"' }] } as never,
  desk: {
    limited: [{ provider: 'builtin', model: 'local' }],
    view: ({ provider }: { provider: string }) => ({ usable: true, local: provider === 'builtin' }),
    health: async () => ({ state: 'open' }),
  } as never,
};
const deps = {
  ...targets,
  metrics: { store: its.store, kept: its.kept },
  machine: { nowMs: () => its.clock.nowMs },
  backlogs,
};

function told<Value>(result: Result<Value>): Value {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}

/** What is paid within a window, of one project, as the jobs were made up. */
function truth(fromMs: number, toMs: number): bigint {
  return jobs
    .filter(({ project }) => project === 'prj_a')
    .flatMap(({ attempts, corrections }) => [...attempts, ...corrections])
    .filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
    .reduce((sum, { costNanoUsd }) => sum + BigInt(costNanoUsd ?? 0), 0n);
}

function sumOf({ lines }: Costs): bigint {
  return lines.reduce((sum, line) => sum + line.costNanoUsd, 0n);
}

beforeAll(async () => {
  // Half of the history comes and is summed up; the other half lies unsummed, as during an outage of the schedule.
  await deliver(its, () => 1, jobs.slice(0, JOBS / 2), SPAN_MS);
  await settle(its, DAY + 2 * HOUR_MS);
  await deliver(its, () => 1, jobs.slice(JOBS / 2), SPAN_MS);
}, 120_000);

describe('costs', () => {
  test('of 10,000 jobs are the sum of their attempts, to the nano-dollar, whatever they are grouped by', async () => {
    await settle(its, DAY + 6 * HOUR_MS);
    const groupings: CostGroup[][] = [
      [],
      ['pipeline'],
      ['provider', 'model', 'class'],
      ['step', 'version', 'hour'],
      ['day'],
    ];
    for (const groupBy of groupings) {
      const all = told(await costs(deps, actor, { groupBy, filters: {} }));
      expect(sumOf(all)).toBe(truth(0, Infinity));
      expect(all.total.costNanoUsd).toBe(truth(0, Infinity));
    }
    expect(truth(0, Infinity)).toBeGreaterThan(2n ** 53n);
  });

  test('of any window are those of its minutes', async () => {
    for (let index = 0; index < 20; index += 1) {
      const fromMs = DAY + Math.floor(roll() * 180) * MINUTE_MS;
      const toMs = fromMs + (1 + Math.floor(roll() * 150)) * MINUTE_MS;
      const window = { from: isoTime(fromMs), to: isoTime(toMs) };
      const groupBy = pick(roll, [['hour'], ['model'], []] as CostGroup[][]);
      const some = told(await costs(deps, actor, { ...window, groupBy, filters: {} }));
      expect(sumOf(some)).toBe(truth(fromMs, toMs));
    }
  });

  test('of all projects are told by project to the root key, and to another key its own', async () => {
    const root = actorOf(true);
    for (const groupBy of [['project'], ['project', 'pipeline', 'day']] as CostGroup[][]) {
      const all = told(await costs(deps, root, { groupBy, filters: {}, period: '2026-11' }));
      const paid = jobs.flatMap(({ attempts, corrections }) => [...attempts, ...corrections]);
      const truthOfAll = paid.reduce((sum, { costNanoUsd }) => sum + BigInt(costNanoUsd ?? 0), 0n);
      expect(sumOf(all)).toBe(truthOfAll);
      expect(all.total.costNanoUsd).toBe(truthOfAll);
      const own = all.lines.filter(({ group }) => group['project'] === 'prj_a');
      expect(own.reduce((sum, line) => sum + line.costNanoUsd, 0n)).toBe(truth(0, Infinity));
      const asked = told(await costs(deps, actor, { groupBy, filters: {}, period: '2026-11' }));
      expect(asked.lines).toEqual(own);
    }
    const alone = told(await costs(deps, root, { groupBy: ['pipeline'], filters: {} }));
    expect(alone.total.costNanoUsd).toBe(truth(0, Infinity));
    const year = await costs(deps, root, { groupBy: ['project'], filters: {}, window: '365d' });
    expect(year).toMatchObject({ ok: false, failure: { code: 'unprocessable' } });
  });

  test('by class stand with the attempts that they are of, also those that become known later', async () => {
    const byClass = told(await costs(deps, actor, { groupBy: ['class'], filters: {} }));
    const own = jobs.filter(({ project }) => project === 'prj_a');
    const lost = own.flatMap((job) => job.attempts).filter(({ outcome }) => outcome === 'lost');
    const corrections = own.flatMap((job) => job.corrections);
    expect(byClass.lines.find(({ group }) => group['class'] === 'lost')).toMatchObject({
      attempts: BigInt(lost.length),
      unknownCosts: BigInt(lost.length - corrections.length),
      costNanoUsd: corrections.reduce((sum, each) => sum + BigInt(each.costNanoUsd ?? 0), 0n),
    });
  });

  test('have no line for what was neither called nor paid', async () => {
    const byTag = told(await costs(deps, actor, { groupBy: ['tag', 'model'], filters: {} }));
    expect(byTag.lines.filter(({ group }) => group['model'] === '')).toEqual([]);
  });

  test('by tag count what has several tags for each, and once in the total', async () => {
    const byTag = told(await costs(deps, actor, { groupBy: ['tag', 'pipeline'], filters: {} }));
    const red = byTag.lines.filter(({ group }) => group['tag'] === 'red');
    const tagged = jobs.filter(({ project, tags }) => project === 'prj_a' && tags.includes('red'));
    const paid = tagged.flatMap(({ attempts, corrections }) => [...attempts, ...corrections]);
    expect(red.reduce((sum, line) => sum + line.costNanoUsd, 0n)).toBe(
      paid.reduce((sum, { costNanoUsd }) => sum + BigInt(costNanoUsd ?? 0), 0n),
    );
    expect(byTag.total.costNanoUsd).toBe(truth(0, Infinity));
    expect(sumOf(byTag)).not.toBe(truth(0, Infinity));
  });
});

test('what is not summed up yet is in the answer all the same', async () => {
  const fresh = metricsWorld();
  fresh.clock.nowMs = DAY + MINUTE_MS * 30;
  const some = jobs.filter(({ endedAtMs }) => endedAtMs < DAY + 20 * MINUTE_MS).slice(0, 60);
  await deliver(fresh, () => 1, some, 0);
  const own = { ...deps, metrics: { ...deps.metrics, store: fresh.store } };
  const clock = { nowMs: () => DAY + MINUTE_MS * 30 };
  const all = told(await summary({ ...own, machine: clock }, actor, { filters: {} }));
  const found = Object.fromEntries(all.metrics.map(([{ name }, measured]) => [name, measured]));
  const ofProject = some.filter(({ project }) => project === 'prj_a');
  expect(found['jobs']).toEqual({ value: ofProject.length });
  expect(found['job_latency']).toMatchObject({ count: ofProject.length });
  expect(all.asOfMs).toBe(clock.nowMs());
});

describe('a question that cannot be answered is told why', () => {
  const ask = { metric: 'attempts', groupBy: [], filters: {}, step: undefined };
  const cases: [string, object, string, RegExp][] = [
    ['metric', { metric: 'atempts' }, '/query/metric', /not a metric; there are jobs, /],
    ['gauge', { metric: 'target_state' }, '/query/metric', /target_samples/],
    ['dimension', { groupBy: ['status'] }, '/query/group_by', /it is by pipeline, version/],
    ['filter', { metric: 'jobs', filters: { step: ['a'] } }, '/query/step_id', /it is by/],
    ['combination', { groupBy: ['tag', 'step'] }, '/query/group_by', /combined with step/],
    ['step', { window: '10d', step: '1m' }, '/query/step', /can have 15m, 1h, 6h, 1d/],
    ['old minutes', { window: '30d', step: '5m' }, '/query/step', /can have 1h/],
    ['order', { from: isoTime(DAY), to: isoTime(DAY - 1) }, '/query/from', /begins no earlier/],
    ['both', { from: isoTime(DAY), window: '1h' }, '/query/window', /not both/],
    ['duration', { window: '1 week' }, '/query/window', /500ms, 30s/],
    ['nothing kept', { from: '2001-01-01T00:00:00Z' }, '/query/from', /nothing is kept/],
  ];
  test.each(cases)('%s', async (_name, wrong, pointer, message) => {
    const kept = { ...its.kept, minutesKeptMs: 14 * DAY_MS };
    const metrics = { store: its.store, kept };
    const refused = await timeseries({ ...deps, metrics }, actor, { ...ask, ...wrong });
    if (refused.ok) throw new Error('it was answered');
    expect(refused.failure.violations?.[0]?.pointer).toBe(pointer);
    expect(refused.failure.message).toMatch(message);
  });

  test.each(['2026-13', '2026-02-30', 'today', '2026'])('the period %s', async (period) => {
    const refused = await costs(deps, actor, { period, groupBy: [], filters: {} });
    expect(refused).toMatchObject({ ok: false, failure: { code: 'invalid_request' } });
  });

  test('filters that no metric has together', async () => {
    const filters = { status: ['failed'], provider: ['openai'] };
    const refused = await summary(deps, actor, { filters });
    if (refused.ok) throw new Error('it was answered');
    expect(refused.failure.message).toMatch(/no metric is told apart by status and provider/);
  });

  test('a key without the scope', async () => {
    const refused = await prometheusText(deps, actorOf(false, ['jobs:read']));
    expect(refused).toMatchObject({ ok: false, failure: { code: 'forbidden' } });
  });
});

test.each(['1m', '15m', '1h', '1d'] as Step[])('points of %s add up to the whole', async (step) => {
  const window = { from: isoTime(DAY), to: isoTime(DAY + 5 * HOUR_MS) };
  const { series } = told(
    await timeseries(deps, actor, {
      ...window,
      metric: 'attempts',
      groupBy: ['provider', 'class'],
      filters: { pipeline: ['digest', 'triage'] },
      step,
    }),
  );
  const values = series.flatMap(({ points }) =>
    points.map((point) => ('value' in point ? (point.value ?? 0) : 0)),
  );
  const made = jobs
    .filter(({ project, pipeline }) => project === 'prj_a' && pipeline !== 'caption')
    .flatMap(({ attempts }) => attempts);
  expect(values.reduce((sum, value) => sum + value, 0)).toBe(made.length);
});

describe('what Prometheus scrapes', () => {
  const atMs = DAY + 6 * HOUR_MS;
  const scrape = async (isRoot: boolean) => {
    its.clock.nowMs = atMs;
    return told(await prometheusText(deps, actorOf(isRoot)));
  };

  test('is read by a parser of its format, and has few series', async () => {
    const text = await scrape(true);
    const families = parsePrometheus(text);
    const byName = new Map(families.map((family) => [family.name, family]));
    expect(byName.get('penstock_attempts_total')?.type).toBe('COUNTER');
    const attempts = byName.get('penstock_attempts_total')?.metrics ?? [];
    const made = jobs.flatMap((job) => job.attempts).length;
    expect(attempts.reduce((sum, { value }) => sum + Number(value), 0)).toBe(made);
    expect(byName.get('penstock_job_latency_seconds')?.type).toBe('HISTOGRAM');
    const depth = byName.get('penstock_queue_messages')?.metrics;
    expect(depth).toEqual([
      { labels: { queue: 'JOBS_0' }, value: '3' },
      { labels: { queue: 'HISTORY' }, value: '2' },
    ]);
    const ages = byName.get('penstock_queue_oldest_age_seconds')?.metrics;
    expect(ages?.map(({ labels }) => labels?.['queue'])).toEqual(['JOBS_0']);
    expect(byName.get('penstock_silent_shards')?.metrics).toEqual([{ value: '1' }]);
    const states = byName.get('penstock_target_state')?.metrics;
    const labels = { provider: 'openai', model: 'a "b"', state: 'unavailable' };
    expect(states).toEqual([{ labels, value: '1' }]);
    expect(families.every(({ metrics }) => metrics.length <= 600)).toBe(true);
  });

  test('of the whole deployment is told by project, of some of them together where there are many', async () => {
    const families = parsePrometheus(await scrape(true));
    const ended = families.find(({ name }) => name === 'penstock_jobs_total')?.metrics ?? [];
    for (const project of new Set(jobs.map((job) => job.project))) {
      const own = ended.filter(({ labels }) => labels?.['project'] === project);
      const made = jobs.filter((job) => job.project === project).length;
      expect(own.reduce((sum, { value }) => sum + Number(value), 0)).toBe(made);
    }
    const rollup = mergeRollups([]);
    const units = Array.from({ length: 60 }, (_, index) => {
      const project = projectId(`prj_${String(index).padStart(3, '0')}`);
      return { project, grain: 'hour', atMs: DAY, rollup } as const;
    });
    const scopes = deploymentScopes(units);
    expect(scopes.map(({ labels }) => labels['project'])).toEqual([
      ...units.slice(0, 50).map(({ project }) => project),
      '(others)',
    ]);
    expect(scopes.flatMap((scope) => scope.units)).toHaveLength(60);
    // One that begins later in the day puts none out of its place, however old it is.
    const later = { ...units[0], project: projectId('prj_0'), atMs: DAY + HOUR_MS } as const;
    const projects = deploymentScopes([...units, { ...later, grain: 'hour', rollup }]);
    expect(projects.map(({ labels }) => labels)).toEqual(scopes.map(({ labels }) => labels));
    expect(scopes.every(({ seriesMax }) => seriesMax.sum <= 20)).toBe(true);
  });

  test.each(['digest', 'triage', 'caption'])(
    'counts exactly at its bounds: %s',
    async (pipeline) => {
      // The parser takes a histogram for one, whatever its labels: it is given one alone, without them.
      const text = await scrape(false);
      const label = `{pipeline="${pipeline}"`;
      const lines = text.split('\n').filter((line) => line.startsWith('#') || line.includes(label));
      const alone = lines.join('\n').replaceAll(`${label}}`, '').replaceAll(`${label},`, '{');
      const families = parsePrometheus(`${alone}\n`);
      const [latency] =
        families.find(({ name }) => name === 'penstock_job_latency_seconds')?.metrics ?? [];
      const truths = jobs.filter((job) => job.pipeline === pipeline && job.project === 'prj_a');
      expect(Number(latency?.count)).toBe(truths.length);
      const buckets = Object.entries(latency?.buckets ?? {});
      expect(buckets.length).toBeGreaterThan(10);
      for (const [bound, below] of buckets) {
        const ms = bound === '+Inf' ? Infinity : Number(bound) * 1_000;
        expect(Number(below)).toBe(truths.filter(({ latencyMs }) => latencyMs <= ms).length);
      }
    },
  );

  test('never goes back, however much is still to be summed up', async () => {
    const growing = metricsWorld();
    const own = { ...deps, metrics: { ...deps.metrics, store: growing.store } };
    const some = jobs.slice(0, 120);
    let last = 0;
    for (let part = 0; part < 6; part += 1) {
      await deliver(growing, () => 1, some.slice(part * 20, part * 20 + 20), 0);
      growing.clock.nowMs = DAY + 4 * HOUR_MS + part;
      const text = told(await prometheusText({ ...own, machine: growing.machine }, actorOf(true)));
      const ended = parsePrometheus(text).find(({ name }) => name === 'penstock_jobs_total');
      const now = (ended?.metrics ?? []).reduce((sum, { value }) => sum + Number(value), 0);
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
      if (part % 2 === 1) await growing.rollUp();
    }
    expect(last).toBeGreaterThanOrEqual(80);
  });

  test('names no series twice, though the roll-up has others of its own', async () => {
    const names = ['(others)', ...Array.from({ length: 450 }, (_, index) => `p${index}`)];
    const stored = names.map((pipeline) => {
      const values =
        pipeline === '(others)' ? [pipeline, pipeline, pipeline] : [pipeline, '1', 'failed'];
      return [values, { jobs: 1 }, {}] as const;
    });
    const unit = {
      project: actor.project,
      grain: 'hour',
      atMs: DAY,
      rollup: fromStored({ jobs: stored }),
    };
    const store = { ...its.store, marks: async () => [], sums: async () => [unit] } as never;
    const metrics = { store, kept: its.kept };
    for (const isRoot of [false, true]) {
      const text = told(await prometheusText({ ...deps, metrics }, actorOf(isRoot)));
      const lines = text.split('\n').filter((line) => line.startsWith('penstock_jobs_total{'));
      expect(lines).toHaveLength(200);
      expect(new Set(lines.map((line) => line.replace(/ \d+$/, ''))).size).toBe(200);
      const sum = lines.reduce((all, line) => all + Number(line.split(' ').at(-1)), 0);
      expect(sum % 451).toBe(0);
    }
  });

  test('tells a day to its end before it begins anew', async () => {
    const ending = metricsWorld();
    const own = { ...deps, metrics: { ...deps.metrics, store: ending.store } };
    const midnightMs = DAY + DAY_MS;
    const oldDay = makeJob(dice(1), 1, midnightMs - 200_000, 1);
    const nextDay = makeJob(dice(1), 2, midnightMs + 10_000, 1);
    await deliver(ending, () => 1, [oldDay, nextDay], 0);
    await settle(ending, midnightMs + 4 * MINUTE_MS);
    const endedAt = async (nowMs: number): Promise<number> => {
      ending.clock.nowMs = nowMs;
      const text = told(await prometheusText({ ...own, machine: ending.machine }, actorOf(true)));
      const ended = parsePrometheus(text).find(({ name }) => name === 'penstock_jobs_total');
      return (ended?.metrics ?? []).reduce((sum, { value }) => sum + Number(value), 0);
    };
    expect(oldDay.endedAtMs).toBeLessThan(midnightMs);
    expect(await endedAt(midnightMs + 9 * MINUTE_MS)).toBe(1);
    expect(await endedAt(midnightMs + 10 * MINUTE_MS)).toBe(1);
  });

  test('tells a key of its project alone', async () => {
    const families = parsePrometheus(await scrape(false));
    const ended = families.find(({ name }) => name === 'penstock_jobs_total')?.metrics ?? [];
    const own = jobs.filter(({ project }) => project === 'prj_a').length;
    expect(ended.reduce((sum, { value }) => sum + Number(value), 0)).toBe(own);
  });
});
