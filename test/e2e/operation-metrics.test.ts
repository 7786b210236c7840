import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { makeApi, newTenant, type Api, type Tenant } from './support/api.ts';
import { publish, run } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { chatPipeline, question } from './support/pipelines.ts';
import { expectProblem } from './support/problem.ts';
import { until } from './support/until.ts';

type Point = {
  readonly at: string;
  readonly value?: number;
  readonly count?: number;
  readonly max?: number;
};
type Series = {
  readonly data: readonly {
    readonly group: Readonly<Record<string, string>>;
    readonly points: readonly Point[];
  }[];
};

const MINUTE_MS = 60_000;
const MODEL = 'gpt-sampled';

let server: OwnServer;
let api: Tenant;
let firstMs: number;

/** The schedule of a minute, as the platform fires it. */
async function sampleAt(ms: number): Promise<void> {
  const query = new URLSearchParams({ cron: '* * * * *', format: 'json', time: String(ms) });
  await fetch(`${server.url}/cdn-cgi/handler/scheduled?${query}`);
}

/** Of the minutes of this test, the next one included. */
async function seriesOf(of: Api, query: string): Promise<Series['data']> {
  const to = new Date(firstMs + 5 * MINUTE_MS).toISOString();
  const path = `/v1/metrics/timeseries?window=1h&step=1m&to=${to}&${query}`;
  const { status, body, text } = await of.send<Series>('GET', path);
  expect(status, text).toBe(200);
  return body.data;
}

async function attemptsTold(count: number): Promise<void> {
  await until('all attempts in the metrics', async () => {
    const { body } = await api.send<Series>(
      'GET',
      '/v1/metrics/timeseries?metric=attempts&step=1h',
    );
    const points = body.data.flatMap((series) => series.points);
    return points.reduce((sum, { value = 0 }) => sum + value, 0) >= count;
  });
}

/** A target that answers, and then refuses the account: its circuit opens. It is sampled before and after. */
beforeAll(async () => {
  server = await startOwnServer();
  api = await newTenant(server);
  server.simulator.addRules(
    { match: { model: MODEL }, times: 1, reply: { text: 'Fine.' } },
    { match: { model: MODEL }, fault: { status: 401 } },
  );
  await publish(api, chatPipeline(MODEL));
  await run(api, question());
  await attemptsTold(1);
  firstMs = Date.now();
  await Promise.all([sampleAt(firstMs), sampleAt(firstMs), sampleAt(firstMs)]);
  await run(api, question('And now?'));
  await attemptsTold(2);
  await sampleAt(firstMs + MINUTE_MS);
});

afterAll(() => server.close());

describe('after an outage', () => {
  test('targets have a sample for each minute, whoever fires it how often', async () => {
    const [available, ...none] = await seriesOf(
      api,
      'metric=target_availability&group_by=provider,model',
    );
    expect(none).toEqual([]);
    expect(available?.group).toEqual({ provider: 'openai', model: MODEL });
    expect(available?.points.map(({ value }) => value)).toEqual([1, 0]);
    const states = await seriesOf(api, 'metric=target_samples&group_by=state');
    expect(
      states.map(({ group, points }) => [group['state'], points.map(({ value }) => value)]),
    ).toEqual([
      ['available', [1]],
      ['unavailable', [1]],
    ]);
    const filtered = await seriesOf(api, 'metric=target_samples&state=unavailable&provider=openai');
    expect(filtered.map(({ points }) => points.length)).toEqual([1]);
  });

  test('queues have one too, as far as the platform tells how they stand', async () => {
    const { body } = await api.send<{ queues: { queue: string; messages: number | null }[] }>(
      'GET',
      '/v1/queues',
    );
    const telling = body.queues
      .filter(({ messages }) => messages !== null)
      .map(({ queue }) => queue);
    const series = await seriesOf(api, 'metric=queue_messages&group_by=queue');
    expect(series.map(({ group }) => group['queue'])).toEqual(telling.toSorted());
    for (const { points } of series) expect(points.map(({ count }) => count)).toEqual([1, 1]);
    const ages = await seriesOf(api, `metric=queue_oldest_age&queue=${telling[0]}`);
    expect(ages.map(({ points }) => points.length)).toEqual([2]);
  });

  test('jobs that no runner takes are sampled where there are some', async () => {
    expect(await seriesOf(api, 'metric=runnable_oldest_age')).toEqual([]);
  });

  test('other projects see a target once they name it, and the root key all of them', async () => {
    const other = await newTenant(server);
    const query = 'metric=target_samples&group_by=model,state';
    const own = await seriesOf(api, query);
    expect(await seriesOf(other, query)).toEqual([]);
    expect(await seriesOf(other, `metric=target_samples&model=${MODEL}`)).toEqual([]);
    expect(await seriesOf(makeApi(server.url, server.rootKey), query)).toEqual(own);
    await publish(other, chatPipeline(MODEL));
    expect(await seriesOf(other, query)).toEqual(own);
  });

  test('a summary has them, by any filter that fits', async () => {
    type Summary = { metrics: Record<string, { value?: number; count?: number }> };
    const to = new Date(firstMs + 5 * MINUTE_MS).toISOString();
    const read = async (query: string) => {
      const path = `/v1/metrics/summary?window=1h&to=${to}&${query}`;
      return (await api.send<Summary>('GET', path)).body.metrics;
    };
    expect(await read('')).toMatchObject({
      target_samples: { value: 2 },
      target_availability: { value: 0.5 },
      runnable_jobs: { count: 0 },
    });
    expect(Object.keys(await read('state=unavailable'))).toEqual(['target_samples']);
  });

  test('nothing of it failed', () => {
    expect(server.lines.filter((line) => line.includes('metrics.unsampled'))).toEqual([]);
    expect(server.lines.filter((line) => line.includes('"target.circuit"'))).toHaveLength(1);
  });
});

test.each([
  ['metric=queue_messages&group_by=provider', '/query/group_by'],
  ['metric=target_samples&queue=JOBS_0', '/query/queue'],
  ['metric=runnable_jobs&state=available', '/query/state'],
  ['metric=feedback&endpoint=whk_1', '/query/endpoint'],
  ['metric=webhook_tries&label=fine', '/query/label'],
  ['metric=flagged&category=hate', '/query/category'],
])('%s is refused by name', async (query, pointer) => {
  expectProblem(await api.send('GET', `/v1/metrics/timeseries?${query}`), {
    status: 400,
    code: 'invalid_request',
    at: { [pointer]: /is not told apart by/ },
  });
});
