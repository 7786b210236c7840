import parsePrometheus from 'parse-prometheus-text-format';
import { beforeAll, describe, expect, test } from 'vitest';

import type { Actor } from '../../../src/domain/access.ts';
import { projectId } from '../../../src/domain/ids.ts';
import { isoTime } from '../../../src/domain/wire.ts';
import { statementsOfFacts } from '../../../src/runtime/d1/fact-rows.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, type Fact } from '../../../src/services/metrics/facts/fact.ts';
import { prometheusText } from '../../../src/services/metrics/query/prometheus.ts';
import { summary } from '../../../src/services/metrics/query/summary.ts';
import { timeseries } from '../../../src/services/metrics/query/timeseries.ts';
import type { Result } from '../../../src/services/result.ts';
import { DAY, metricsWorld, settle } from './metrics-world.ts';

const NOON = DAY + 12 * HOUR_MS;
const its = metricsWorld();

function actorOf(project: string, isRoot = false): Actor {
  const scopes = new Set(['metrics:read'] as const);
  return { id: 'key', project: projectId(project), scopes, isRoot };
}
const [ours, others, root] = [actorOf('prj_a'), actorOf('prj_b'), actorOf('prj_b', true)];

const deps = {
  providers: { ids: ['openai'], modelsOf: () => [] } as never,
  namedTargets: {
    of: async (project: string) =>
      project === 'prj_a' ? [{ provider: 'openai', model: 'named' }] : [],
  } as never,
  desk: { limited: [], view: () => ({ usable: false }), health: async () => null } as never,
  metrics: { store: its.store, kept: its.kept },
  machine: { nowMs: () => its.clock.nowMs },
  backlogs: { queues: async () => [], shards: async () => [] },
};

function told<Value>(result: Result<Value>): Value {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}

async function keep(project: string, job: string, facts: Fact[]): Promise<void> {
  const d1 = its.d1.binding();
  const owned = { job, pipeline: 'digest', version: 1, facts };
  await d1.batch(statementsOfFacts(d1, [{ project, facts: owned }], job));
}

function target(seq: number, model: string, state: string) {
  return { kind: 'target_sample', seq, provider: 'openai', model, state } as const;
}

/** Two minutes of the deployment, with a pause between, and what happened in a project. */
beforeAll(async () => {
  for (const [minutes, state, waits] of [
    [0, 'available', 4],
    [3, 'unavailable', 40],
  ] as const) {
    const at = NOON + minutes * MINUTE_MS;
    await keep('prj_deployment', `sample_${at}`, [
      { kind: 'queue_sample', seq: 1, at, queue: 'HISTORY', messages: 0 },
      { kind: 'queue_sample', seq: 2, at, queue: 'JOBS_0', messages: waits, oldest_age_ms: 900 },
      { ...target(101, 'named', state), at },
      { ...target(102, 'secret', 'available'), at },
    ]);
  }
  const runnable = {
    kind: 'runnable_sample',
    seq: 1,
    at: NOON,
    jobs: 2,
    oldest_age_ms: 7,
  } as const;
  await keep('prj_a', `sample_${NOON}`, [runnable]);
  const at = NOON + 1;
  const tried = { kind: 'delivery', at, latency_ms: 30 } as const;
  await keep('prj_a', 'dlv_1', [
    { ...tried, seq: 1, endpoint: 'whk_1', class: 'timeout' },
    { ...tried, seq: 2, endpoint: 'whk_1', lag_ms: 6_000 },
  ]);
  for (let index = 0; index < 300; index += 1) {
    await keep('prj_a', `dlv_of_${index}`, [{ ...tried, seq: 1, endpoint: `whk_many_${index}` }]);
  }
  await keep('prj_a', 'job_1', [
    { kind: 'feedback', seq: -1, at, step: 'ask', label: 'too "long"', score: 0.25 },
    { kind: 'feedback', seq: -2, at, label: 'fine' },
    {
      kind: 'attempt',
      seq: 2,
      at,
      step: 'look',
      provider: 'openai',
      model: 'named',
      outcome: 'succeeded',
      moderated: { flagged: true, categories: ['hate', 'spam'] },
    },
  ]);
  its.clock.nowMs = NOON + 5 * MINUTE_MS;
});

async function seriesOf(
  actor: Actor,
  metric: string,
  groupBy: string[],
  more: { filters?: Record<string, string[]>; step?: '1m' | '1h' } = {},
) {
  const window = { from: isoTime(NOON), to: isoTime(NOON + HOUR_MS) };
  const { filters = {}, step = '1m' } = more;
  const { series } = told(
    await timeseries(deps, actor, { ...window, metric, groupBy, filters, step }),
  );
  return series.map(({ group, points }) => [
    Object.values(group).join('/'),
    points.map(({ atMs, ...measured }) => [
      (atMs - NOON) / MINUTE_MS,
      'value' in measured ? measured.value : [measured.count, measured.max],
    ]),
  ]);
}

/** Questions and their answers, which must stay the same whatever becomes of the facts. */
const answers: [string, () => Promise<unknown>, unknown][] = [
  [
    'queues are everybody’s, and minutes without a sample are left out',
    () => seriesOf(others, 'queue_messages', ['queue']),
    [
      [
        'HISTORY',
        [
          [0, [1, 0]],
          [3, [1, 0]],
        ],
      ],
      [
        'JOBS_0',
        [
          [0, [1, 4]],
          [3, [1, 40]],
        ],
      ],
    ],
  ],
  [
    'a queue that is asked for',
    () => seriesOf(ours, 'queue_oldest_age', [], { filters: { queue: ['JOBS_0'] }, step: '1h' }),
    [['', [[0, [2, 900]]]]],
  ],
  [
    'a project sees targets that it may see',
    () => seriesOf(ours, 'target_availability', ['provider', 'model'], { step: '1h' }),
    [['openai/named', [[0, 0.5]]]],
  ],
  [
    'also when it asks for another, or for all together',
    async () => [
      await seriesOf(ours, 'target_samples', ['state'], { filters: { model: ['secret'] } }),
      await seriesOf(ours, 'target_samples', [], { step: '1h' }),
      await seriesOf(others, 'target_samples', ['model']),
    ],
    [[], [['', [[0, 2]]]], []],
  ],
  [
    'the root key sees all of them',
    () => seriesOf(root, 'target_samples', ['model', 'state'], { step: '1h' }),
    [
      ['named/available', [[0, 1]]],
      ['named/unavailable', [[0, 1]]],
      ['secret/available', [[0, 2]]],
    ],
  ],
  [
    'jobs that wait are their project’s',
    async () => [
      await seriesOf(ours, 'runnable_oldest_age', []),
      await seriesOf(others, 'runnable_jobs', []),
    ],
    [[['', [[0, [1, 7]]]]], []],
  ],
  [
    'deliveries, feedback and findings of moderations by their own dimensions',
    async () => [
      await seriesOf(ours, 'webhook_failures', ['class'], { filters: { endpoint: ['whk_1'] } }),
      await seriesOf(ours, 'feedback', ['label'], { filters: { label: ['fine'] } }),
      await seriesOf(ours, 'flagged_categories', ['category'], { filters: { category: ['hate'] } }),
    ],
    [[['timeout', [[0, 1]]]], [['fine', [[0, 1]]]], [['hate', [[0, 1]]]]],
  ],
  [
    'a summary has all of it',
    async () => {
      const window = { from: isoTime(NOON), to: isoTime(NOON + HOUR_MS) };
      const all = told(await summary(deps, ours, { ...window, filters: {} }));
      const found = new Map(all.metrics.map(([{ name }, measured]) => [name, measured]));
      return [
        'queue_messages',
        'runnable_jobs',
        'target_availability',
        'target_samples',
        'feedback_score',
      ].map((name) => {
        const measured = found.get(name) ?? { value: null };
        return 'value' in measured ? measured.value : [measured.count, measured.max];
      });
    },
    [[4, 40], [1, 2], 0.5, 2, 0.25],
  ],
  [
    'a summary by queue has what queues tell',
    async () => {
      const all = told(await summary(deps, ours, { window: '1h', filters: { queue: ['JOBS_0'] } }));
      return all.metrics.map(([{ name }]) => name);
    },
    ['queue_messages', 'queue_oldest_age'],
  ],
];

describe('before anything was summed up', () => {
  test.each(answers)('%s', async (_name, ask, answer) => {
    expect(await ask()).toEqual(answer);
  });
});

describe('out of sums of minutes and hours', () => {
  beforeAll(() => settle(its, NOON + 2 * HOUR_MS));
  test.each(answers)('%s', async (_name, ask, answer) => {
    expect(await ask()).toEqual(answer);
  });

  test('Prometheus has families of deliveries, feedback and moderations, with bounded labels', async () => {
    for (const actor of [ours, root]) {
      const families = parsePrometheus(told(await prometheusText(deps, actor)));
      const byName = new Map(families.map(({ name, metrics }) => [name, metrics]));
      const sum = (name: string) =>
        (byName.get(name) ?? []).reduce((total, { value }) => total + Number(value), 0);
      expect(sum('penstock_webhook_tries_total')).toBe(302);
      expect(sum('penstock_webhook_failures_total')).toBe(1);
      expect(sum('penstock_feedback_total')).toBe(2);
      expect(sum('penstock_flagged_total')).toBe(1);
      expect(sum('penstock_flagged_categories_total')).toBe(2);
      expect(byName.get('penstock_feedback_total')?.map(({ labels }) => labels?.['label'])).toEqual(
        ['fine', 'too "long"'],
      );
      expect(families.every(({ metrics }) => metrics.length <= 200)).toBe(true);
      expect(byName.has('penstock_target_samples_total')).toBe(false);
      expect(new Set(families.map(({ name }) => name)).size).toBe(families.length);
    }
  });
});

test('the facts of the deployment go to the archive too, and its sums can be made out of them', async () => {
  await settle(its, NOON + 3 * DAY_MS);
  expect(its.d1.rows('SELECT * FROM metric_facts')).toEqual([]);
  const keys = [...its.bucket.objects.keys()].filter((key) => key.includes('prj_deployment'));
  const folder = `metrics/prj_deployment/facts/${isoTime(DAY).slice(0, 10)}`;
  expect(keys).toEqual(['1200', '1203'].map((time) => `${folder}/${time}.ndjson`));
  const before = its.d1.rows('SELECT * FROM metric_rollups');
  its.d1.rows(`UPDATE metric_rollups SET body = '{}', sources = 0`);
  expect(await its.store.mark({ fromMs: NOON, toMs: NOON + HOUR_MS }, 1_000)).toBe(before.length);
  await settle(its, NOON + 3 * DAY_MS);
  expect(its.d1.rows('SELECT * FROM metric_rollups')).toEqual(before);
});

describe('when the facts lie in the archive', () => {
  const kept = answers.filter(([name]) => !name.includes('by queue'));
  test.each(kept)('%s', async (_name, ask, answer) => {
    expect(await ask()).toEqual(answer);
  });

  test('minutes are deleted when their time is over', async () => {
    await settle(its, NOON + 5 * DAY_MS);
    const minutes = its.d1.rows(`SELECT * FROM metric_rollups WHERE grain = 'minute'`);
    expect(minutes).toEqual([]);
  });
});
