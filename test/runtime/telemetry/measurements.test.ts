import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import type { Feedback } from '../../../src/domain/feedback.ts';
import { jobIdOf, projectId, type JobId } from '../../../src/domain/ids.ts';
import {
  numberColumns,
  pointOf,
  textColumns,
  VERSION,
  type Point,
} from '../../../src/runtime/telemetry/columns.ts';
import { pointOfFeedback, tryPoints } from '../../../src/runtime/telemetry/fact-points.ts';
import { pointsOf } from '../../../src/runtime/telemetry/measurements.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

/** A point by the names of its columns. */
function named({ indexes, blobs, doubles }: Point): Record<string, string | number> {
  return {
    project: indexes[0],
    ...Object.fromEntries(textColumns.map((name, index) => [name, blobs[index] ?? ''])),
    ...Object.fromEntries(numberColumns.map((name, index) => [name, doubles[index] ?? 0])),
  };
}

function pointsBy(driver: ShardDriver) {
  return driver.measured.flatMap(pointsOf).map(named);
}

const violation = (code: string) => ({ pointer: '/x', message: 'no', code });
const bytes = (text: string) => new TextEncoder().encode(text).length;
const target = (model: string) => ({ provider: 'openai', model });
const asks: DefinitionBody = {
  steps: [
    {
      id: 'ask',
      uses: 'model.chat',
      with: { messages: [] },
      route: { targets: [target('first'), target('second')] },
      retry: { max_attempts: 3, base_delay: '1ms' },
      check: { schema: { type: 'object' }, re_ask: 1 },
    },
  ],
};

describe('the points of a job', () => {
  test('are one for each ended attempt and one for its end', () => {
    const driver = new ShardDriver();
    const { birth, ...request } = driver.request(asks);
    const jobId = birth.id;
    driver.shard.submit({ ...request, birth: { ...birth, tags: ['a', 'b,c'] } });
    const usage = { inputTokens: 7, cacheReadTokens: 2, outputTokens: 3, reasoningTokens: 4 };
    const moderated = { flagged: true, categories: ['hate', 'a,b'] };
    const timeToFirstTokenMs = 9;
    const facts = { latencyMs: 40, costNanoUsd: 5_000, usage, timeToFirstTokenMs, moderated };
    driver.settle(
      jobId,
      ...driver.claim(jobId).map((key) => driver.succeeded(jobId, key, {}, facts)),
    );
    const [attempt, job, ...more] = pointsBy(driver);
    expect(more).toEqual([]);
    const both = {
      project: birth.project,
      job_id: jobId,
      pipeline: birth.pipeline,
      tags: ',a,b c,',
      schema_version: VERSION,
    };
    expect(attempt).toMatchObject({
      ...both,
      kind: 'attempt',
      outcome: 'succeeded',
      step: 'ask',
      provider: 'openai',
      model: 'first',
      latency_ms: 40,
      cost_nano_usd: 5_000,
      cost_unknown: 0,
      input_tokens: 9,
      output_tokens: 7,
      first_token_ms: 9,
      attempt: 1,
      label: 'flagged',
      categories: ',hate,a b,',
    });
    expect(job).toMatchObject({ ...both, kind: 'job', outcome: 'succeeded', cost_nano_usd: 5_000 });
  });

  test('say what followed an attempt that failed, and which rules its output broke', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(asks);
    const failures = [
      {
        class: 'output_invalid',
        phase: 'finished',
        violations: ['type', 'required', 'type'].map(violation),
      },
      { class: 'overloaded', phase: 'rejected' },
      { class: 'invalid_request', phase: 'rejected' },
    ] as const;
    for (const failure of failures) {
      driver.settle(
        jobId,
        ...driver.claim(jobId).map((key) => driver.failed(key, failure, {}, {})),
      );
      driver.nowMs += 60_000;
    }
    const points = pointsBy(driver);
    expect(points.map(({ followed_by: then }) => then)).toEqual([
      're_ask',
      'fallback',
      'not_retryable',
      '',
    ]);
    expect(points.map(({ violation_codes: codes }) => codes)).toEqual([
      'required,type',
      '',
      '',
      '',
    ]);
    expect(points.map(({ target_index: index }) => index)).toEqual([0, 0, 1, 0]);
    expect(points.at(-1)).toMatchObject({ kind: 'job', outcome: 'failed' });
  });
});

/** Sums over the points of attempts, as queries make them. */
function sums(points: readonly Record<string, string | number>[]) {
  const told = points.filter(({ kind }) => kind === 'attempt' || kind === 'cost_adjustment');
  const of = (name: string) => told.reduce((sum, point) => sum + Number(point[name]), 0);
  return {
    attempts: points.filter(({ kind }) => kind === 'attempt').length,
    cost: of('cost_nano_usd'),
    unknown: of('cost_unknown'),
    tokens: of('input_tokens') + of('output_tokens'),
  };
}
async function lost(driver: ShardDriver, jobId: JobId): Promise<string[]> {
  const keys = driver.claim(jobId);
  await driver.pass(600_000);
  expect(driver.events(jobId).map(({ type }) => type)).toContain('attempt.lost');
  return keys;
}

describe('what comes after an attempt was given up', () => {
  const usage = { inputTokens: 7, outputTokens: 3 };
  const facts = { latencyMs: 40, costNanoUsd: 5_000, usage };
  const mapped: DefinitionBody = {
    steps: [{ ...asks.steps[0], id: 'ask', uses: 'model.chat', for_each: '${{ [1, 2] }}' }],
  };

  test('a result that is still used corrects its attempt’s point, and is no attempt more', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(asks);
    const keys = await lost(driver, jobId);
    expect(sums(pointsBy(driver))).toMatchObject({ attempts: 1, cost: 0, unknown: 1 });
    driver.settle(jobId, ...keys.map((key) => driver.succeeded(jobId, key, {}, facts)));
    expect(driver.state(jobId).status).toBe('succeeded');
    const points = pointsBy(driver);
    expect(sums(points)).toEqual({ attempts: 1, cost: 5_000, unknown: 0, tokens: 10 });
    expect(points.find(({ kind }) => kind === 'cost_adjustment')).toMatchObject({
      provider: 'openai',
      model: 'first',
      outcome: 'lost',
      failure_class: 'lost',
      latency_ms: 0,
    });
  });

  test.each([
    ['a step', asks, 1],
    ['the items of a map', mapped, 2],
  ])('a cost of %s that comes too late counts at its model', async (_what, body, times) => {
    const driver = new ShardDriver();
    const jobId = driver.create(body);
    const keys = await lost(driver, jobId);
    driver.finish(jobId);
    driver.settle(jobId, ...keys.map((key) => driver.succeeded(jobId, key, {}, facts)));
    const late = pointsBy(driver).filter(({ kind }) => kind === 'cost_adjustment');
    expect(late).toHaveLength(times);
    for (const point of late) {
      expect(point).toMatchObject({ provider: 'openai', model: 'first', cost_nano_usd: 5_000 });
    }
    const cost = 5_000 * times;
    const tokens = 10 * times;
    expect(sums(pointsBy(driver))).toEqual({ attempts: 2 * times, cost, unknown: 0, tokens });
    expect(driver.state(jobId).cost).toEqual({ nanoUsd: cost, unpricedAttempts: 0 });
  });

  test('a cost of a call that was open at its job’s end counts once, and was not unknown here', async () => {
    const driver = new ShardDriver();
    const jobId = driver.create(asks);
    const keys = driver.claim(jobId);
    driver.shard.cancel({ jobId, by: 'key_1' });
    await driver.pass(3_600_000);
    expect(driver.state(jobId).status).toBe('cancelled');
    const given = sums(pointsBy(driver));
    driver.settle(jobId, ...keys.map((key) => driver.succeeded(jobId, key, {}, facts)));
    expect(sums(pointsBy(driver))).toEqual({ ...given, cost: 5_000, unknown: 0, tokens: 10 });
  });
});

test('a call that was refused on this side says nothing of how fast its provider is', () => {
  const driver = new ShardDriver();
  const jobId = driver.create(asks);
  const facts = { latencyMs: 2 };
  const [key = ''] = driver.claim(jobId);
  driver.settle(jobId, driver.failed(key, { class: 'invalid_request', phase: 'not_sent' }, facts));
  expect(pointsBy(driver)[0]).toMatchObject({ outcome: 'failed', latency_ms: 0 });
});

describe('a point', () => {
  const project = projectId('prj_a');

  test('of each try of a delivery, as many as the platform takes', () => {
    const points: Point[] = [];
    const writeDataPoint = (point?: AnalyticsEngineDataPoint) => void points.push(point as Point);
    const show = tryPoints({ writeDataPoint });
    const facts = [
      { seq: 1, class: 'http_5xx', latency_ms: 7 },
      { seq: 2, class: 'http_4xx', given_up: true },
      { seq: 3, latency_ms: 9, lag_ms: 4_000 },
    ] as const;
    const tries = facts.map((more) => ({
      job: 'whd_1',
      pipeline: '',
      version: 0,
      facts: [{ kind: 'delivery', at: 5, endpoint: 'whe_1', ...more } as const],
    }));
    for (let times = 0; times < 100; times += 1) show(project, tries);
    expect(points).toHaveLength(250);
    const kind = { project, kind: 'delivery', endpoint: 'whe_1', pipeline: '' };
    expect(points.slice(0, 3).map(named)).toMatchObject([
      { ...kind, outcome: 'failed', failure_class: 'http_5xx', attempt: 1, latency_ms: 7 },
      { ...kind, outcome: 'given_up', failure_class: 'http_4xx', attempt: 2 },
      { ...kind, outcome: 'delivered', failure_class: '', attempt: 3, lag_ms: 4_000 },
    ]);
  });

  test('of feedback, without what is personal', () => {
    const feedback: Feedback = {
      id: 'fbk_1',
      jobId: jobIdOf('0190a000-0000-7000-8000-000000000001', 1),
      pipeline: 'p',
      version: 3,
      step: null,
      score: 0,
      label: 'wrong',
      comment: 'secret',
      user: 'u',
      personalUntilMs: 1,
      models: [],
      prompts: [],
      by: 'key_1',
      atMs: 1,
    };
    const scored = named(pointOfFeedback(project, feedback));
    const { jobId: job } = feedback;
    const expected = { kind: 'feedback', pipeline: 'p', pipeline_version: '3', job_id: job };
    expect(scored).toMatchObject({ ...expected, outcome: 'scored', label: 'wrong', score: 0 });
    const silent = named(pointOfFeedback(project, { ...feedback, score: null }));
    expect(silent).toMatchObject({ outcome: '', score: 0 });
    expect(JSON.stringify(scored)).not.toContain('secret');
  });
});

describe('a point stays inside what the platform takes', () => {
  test('whatever is put into it', () => {
    const long = '€'.repeat(40_000);
    const texts = Object.fromEntries(textColumns.map((name) => [name, long]));
    const point = pointOf(`prj_${long}`, texts, { latency_ms: Number.NaN, attempt: Infinity });
    expect(point.indexes).toHaveLength(1);
    expect(bytes(point.indexes[0])).toBeLessThanOrEqual(96);
    expect(point.blobs.length).toBeLessThanOrEqual(20);
    expect(point.blobs.reduce((sum, blob) => sum + bytes(blob), 0)).toBeLessThanOrEqual(16_384);
    expect(point.blobs.join('')).toMatch(/^€+$/);
    expect(point.doubles.length).toBeLessThanOrEqual(20);
    expect(point.doubles.every((value) => Number.isFinite(value))).toBe(true);
  });

  test('and what fits is as it was', () => {
    const point = pointOf('prj_a', { kind: 'job', step: 'ß€😀' }, { latency_ms: 1.5 });
    expect(named(point)).toMatchObject({ project: 'prj_a', kind: 'job', step: 'ß€😀' });
    expect(point.doubles[0]).toBe(1.5);
  });
});

describe('the page about measurements', () => {
  const page = readFileSync('docs/analytics-engine.md', 'utf8');
  const queries = [...page.matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map(([, sql = '']) => sql);
  const columns: ReadonlyMap<string, string> = new Map([
    ['index1', 'project'],
    ...textColumns.map((name, index) => [`blob${index + 1}`, name] as const),
    ...numberColumns.map((name, index) => [`double${index + 1}`, name] as const),
  ]);

  test('has every column under its name', () => {
    const rows = [...page.matchAll(/^\| `(\w+\d+)` +\| `(\w+)`/gm)];
    expect(new Map(rows.map(([, column = '', name = '']) => [column, name]))).toEqual(columns);
  });

  test.each(queries)('asks what can be answered: %s', (sql) => {
    const used = sql.match(/\b(?:blob|double|index)\d+\b/g) ?? [];
    expect(used.filter((column) => !columns.has(column))).toEqual([]);
    expect(sql, 'a bound on time').toMatch(/timestamp > NOW\(\) - INTERVAL '\d+' DAY/);
    // Only the kinds and names that are written.
    for (const [, column = '', alias = ''] of sql.matchAll(/\b(blob\d+) AS (\w+)/g)) {
      expect(ALIASES[alias] ?? alias).toBe(columns.get(column));
    }
    // What is counted or summed is weighed; the greatest and least of a time need no weight.
    for (const sum of callsIn(sql, /\b(?:SUM|quantileExactWeighted\([\d.]+\))\(/g)) {
      expect(sum).toContain('_sample_interval');
    }
    for (const [alias, numbers] of numbersOf(sql)) {
      expect([alias, numbers.map((column) => columns.get(column))]).toEqual([
        alias,
        NUMBERS[alias],
      ]);
    }
    expect(sql).not.toMatch(/\b(?:COUNT|AVG)\(/i);
  });

  test('counts as an error, and as a time, what the metrics of these names count', () => {
    for (const sql of queries.filter((query) => query.includes(' AS error_rate'))) {
      expect(sql).toContain("SUM(if(blob6 IN ('failed', 'lost'), _sample_interval, 0))");
    }
    const timed = queries.filter((query) => /blob1 = 'attempt'[\s\S]*$/.test(query));
    for (const sql of timed.filter((query) => /quantile\w+\([\d.]+\)\(double1,/.test(query))) {
      expect(sql, 'attempts without an answer have no time').toContain('AND double1 > 0');
    }
  });

  test('asks many things', () => {
    expect(queries.length).toBeGreaterThan(9);
  });
});

/** What queries call a column, where that is shorter than its name. */
const ALIASES: Readonly<Record<string, string>> = {
  version: 'pipeline_version',
  class: 'failure_class',
  rules: 'violation_codes',
  asked: 'model',
  answered: 'returned_model',
};

/** What queries call sums and quantiles, and the columns of numbers that they are made of. */
const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  all_ms: ['latency_ms'],
  audio_seconds: ['audio_ms'],
  cost_usd: ['cost_nano_usd'],
  first_token_p50_ms: ['first_token_ms', 'first_token_ms'],
  hit_rate: ['cache_hit'],
  images: ['images'],
  input_tokens: ['input_tokens'],
  lag_p50_ms: ['lag_ms', 'lag_ms'],
  lag_p95_ms: ['lag_ms', 'lag_ms'],
  mean_score: ['score'],
  messages: ['messages'],
  oldest_s: ['queue_wait_ms'],
  output_tokens: ['output_tokens'],
  p50_ms: ['latency_ms'],
  p95_ms: ['latency_ms'],
  p99_ms: ['latency_ms'],
  provider_ms: ['latency_ms'],
  queue_ms: ['queue_wait_ms'],
  queue_wait_p95_ms: ['queue_wait_ms'],
  saved_usd: ['saved_nano_usd'],
  unpriced_attempts: ['cost_unknown'],
};

/** Of each column that a query selects and that has numbers in it, its name and those numbers. */
function numbersOf(sql: string): (readonly [alias: string, used: readonly string[]])[] {
  const [, selected = ''] = /^SELECT ([\s\S]*?)\nFROM /.exec(sql) ?? [];
  return selected.split(/ AS \w+(?:,\s+|$)/).flatMap((expression, index) => {
    const alias = [...selected.matchAll(/ AS (\w+)(?:,|$)/gm)][index]?.[1] ?? '';
    const used = expression.match(/\bdouble\d+\b/g) ?? [];
    return used.length === 0 ? [] : [[alias, used] as const];
  });
}

/** The calls that begin so, each to its own closing bracket. */
function callsIn(sql: string, begins: RegExp): string[] {
  return [...sql.matchAll(begins)].map(({ 0: begin, index }) => {
    let depth = 1;
    let end = index + begin.length;
    for (; depth > 0 && end < sql.length; end += 1) {
      if (sql[end] === '(') depth += 1;
      if (sql[end] === ')') depth -= 1;
    }
    return sql.slice(index, end);
  });
}
