import parsePrometheus from 'parse-prometheus-text-format';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import { makeApi, newTenant, type Api, type Tenant } from './support/api.ts';
import { eventsOf, publish, run } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { chatPipeline, plainPipeline, question } from './support/pipelines.ts';
import { expectProblem } from './support/problem.ts';
import { until } from './support/until.ts';

type CostLine = {
  readonly group: Readonly<Record<string, string>>;
  readonly nano_usd: string;
  readonly usd: string;
  readonly attempts: number;
  readonly unknown_costs: number;
  readonly usage: Readonly<Record<string, number>>;
};
type Costs = {
  readonly data: readonly CostLine[];
  readonly total: Omit<CostLine, 'group'>;
  readonly as_of: string;
};
type Summary = {
  readonly metrics: Readonly<
    Record<
      string,
      {
        readonly value?: number;
        readonly count?: number;
        readonly mean?: number;
        readonly p95?: number;
      }
    >
  >;
};
type Series = {
  readonly data: readonly {
    readonly group: Readonly<Record<string, string>>;
    readonly points: readonly { readonly value?: number; readonly count?: number }[];
  }[];
};

const USAGE = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
const MODEL = 'gpt-measured';

let server: OwnServer;
let api: Tenant;
const jobs: JobView[] = [];

/** A server of its own, whose schedules nobody but these tests fires. */
beforeAll(async () => {
  server = await startOwnServer();
  api = await newTenant(server);
  server.simulator.addRules(
    { match: { model: MODEL }, times: 2, fault: { status: 500 } },
    { match: { model: MODEL }, reply: { text: 'Fine.', usage: USAGE } },
  );
  const prices = { million_input_tokens: '2.00', million_output_tokens: '8.00' };
  await api.send('PUT', '/v1/prices', { provider: 'openai', model: MODEL, prices });
  await publish(api, chatPipeline(MODEL));
  await publish(api, plainPipeline('plain'));
  for (const tags of [['red'], ['red', 'blue'], []]) {
    jobs.push(await run(api, { ...question(), tags }));
  }
  jobs.push(await run(api, { pipeline: 'plain', input: { text: 'a' } }));
});

afterAll(() => server.close());

function fireSchedule(): Promise<Response> {
  const query = new URLSearchParams({ cron: '* * * * *', format: 'json' });
  return fetch(`${server.url}/cdn-cgi/handler/scheduled?${query}`);
}

async function costsOf(of: Api, query = ''): Promise<Costs> {
  const answer = await of.send<Costs>('GET', `/v1/costs${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

/** History reaches D1 within seconds of a job's end. */
async function allTold(): Promise<Summary['metrics']> {
  return until('the metrics of all jobs', async () => {
    const { body } = await api.send<Summary>('GET', '/v1/metrics/summary?window=1h');
    return body.metrics['jobs']?.value === jobs.length && body.metrics;
  });
}

describe('what was measured', () => {
  test('is in the summary once history is told, before anything was summed up', async () => {
    const metrics = await allTold();
    const attempts = jobs.flatMap(({ steps }) => steps.flatMap((step) => step.attempts));
    expect(metrics['attempts']).toMatchObject({ value: attempts.length });
    expect(metrics['failures']).toMatchObject({ value: 2 });
    expect(metrics['retries']).toMatchObject({ value: 2 });
    expect(metrics['input_tokens']).toMatchObject({ value: 3_000, unit: 'tokens' });
    // Of a call that ended in a server's error nobody knows whether it was charged.
    expect(metrics['unknown_costs']).toMatchObject({ value: 2 });
    expect(metrics['provider_latency']?.count).toBe(5);
    expect(metrics['job_latency']?.count).toBe(jobs.length);
    expect(metrics['provider_wait']?.count).toBe(jobs.length);
    expect(metrics['overhead']?.p95).toBeLessThan(60_000);
    const { count = 0, mean = 0 } = metrics['job_cost'] ?? {};
    expect(Math.round(count * mean)).toBe(metrics['cost']?.value);
  });

  test('costs what its attempts cost, to the nano-dollar, by any dimension, before and after a roll-up', async () => {
    await allTold();
    const paid = jobs.reduce((sum, job) => sum + BigInt(job.cost.nano_usd), 0n);
    expect(paid).toBe(8_400_000n);
    for (let time = 0; time < 2; time += 1) {
      const byModel = await costsOf(api, '?group_by=pipeline,provider,model,class');
      expect(byModel.total.nano_usd).toBe(String(paid));
      expect(byModel.data.reduce((sum, line) => sum + BigInt(line.nano_usd), 0n)).toBe(paid);
      const byTag = await costsOf(api, '?group_by=tag,day');
      const tagged = byTag.data.map(({ group, nano_usd: cost }) => [group['tag'], cost]);
      expect(tagged).toEqual([
        ['blue', '2800000'],
        ['red', '5600000'],
      ]);
      expect((await fireSchedule()).ok).toBe(true);
    }
  });

  test('is told over time, by provider and class', async () => {
    const query = 'metric=failures&group_by=provider,class&window=1h&step=1m';
    const { body } = await api.send<Series>('GET', `/v1/metrics/timeseries?${query}`);
    const [failed, ...others] = body.data;
    expect(failed?.group).toEqual({ provider: 'openai', class: 'provider_internal' });
    expect(failed?.points.reduce((sum, { value = 0 }) => sum + value, 0)).toBe(2);
    expect(others).toEqual([]);
  });

  test('is nobody else’s', async () => {
    const other = await newTenant(server);
    expect((await costsOf(other)).total).toMatchObject({ nano_usd: '0', attempts: 0 });
  });
});

test('costs come as CSV too', async () => {
  const asked = await fetch(`${server.url}/v1/costs?group_by=pipeline&window=1h`, {
    headers: { authorization: `Bearer ${api.key}`, accept: 'text/csv' },
  });
  expect(asked.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  const [header, ...lines] = (await asked.text()).trimEnd().split('\r\n');
  expect(header).toMatch(
    /^pipeline,usd,nano_usd,saved_nano_usd,attempts,unknown_costs,input_tokens,/,
  );
  expect(lines.find((line) => line.startsWith('asks,'))).toMatch(
    /^asks,0\.008400000,8400000,0,5,2,3000,/,
  );
});

test.each([
  ['text/csv;q=0', 'application/json'],
  ['application/json, text/csv;q=0.5', 'application/json'],
  ['TEXT/CSV', 'text/csv; charset=utf-8'],
  ['*/*', 'application/json'],
])('costs for whoever accepts %s', async (accept, type) => {
  const { headers } = await api.send('GET', '/v1/costs?window=1h', undefined, {
    headers: { accept },
  });
  expect(headers.get('content-type')).toBe(type);
});

test('a tag with a comma in it is filtered by with a backslash before the comma', async () => {
  const tenant = await newTenant(server);
  await publish(tenant, chatPipeline(MODEL));
  await run(tenant, { ...question(), tags: ['a,b'] });
  const attempts = async (tag: string) =>
    (await costsOf(tenant, `?tag=${encodeURIComponent(tag)}`)).total.attempts;
  await until('the job to be told', async () => (await attempts('a\\,b')) === 1);
  expect(await attempts('a,b')).toBe(0);
});

test('the root key is told of all projects, by project', async () => {
  await allTold();
  const root = makeApi(server.url, server.rootKey);
  const { data } = await costsOf(root, '?group_by=project&window=1h');
  const own = data.find(({ group }) => group['project'] === api.project);
  expect(own).toMatchObject({ nano_usd: '8400000' });
});

test('queues tell what waits, and say where the platform does not', async () => {
  type Queues = {
    queues: { queue: string; messages: number | null; unavailable: string | null }[];
  };
  const { body, status } = await api.send<Queues & { runnable: object }>('GET', '/v1/queues');
  expect(status).toBe(200);
  expect(body.queues.map(({ queue }) => queue)).toEqual(
    expect.arrayContaining(['JOBS_0', 'JOBS_1', 'HISTORY']),
  );
  for (const { messages, unavailable } of body.queues) {
    expect(messages === null).toBe(unavailable !== null);
  }
  expect(body.runnable).toMatchObject({ jobs: 0, oldest_since: null, shards_silent: 0 });
});

test('Prometheus scrapes with a key: its project’s with the project’s, everything with the root’s', async () => {
  const scrape = async (key: string) => {
    const answer = await fetch(`${server.url}/metrics`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    return parsePrometheus(await answer.text());
  };
  for (const key of [api.key, server.rootKey]) {
    const families = await scrape(key);
    const names = families.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['penstock_cost_usd_total', 'penstock_job_latency_seconds']),
    );
    expect(families.find(({ name }) => name === 'penstock_queue_messages')?.metrics).not.toEqual(
      [],
    );
  }
  expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
});

test('sums are made anew for the root key alone', async () => {
  const window = {
    from: new Date(Date.now() - 3_600_000).toISOString(),
    to: '2099-01-01T00:00:00Z',
  };
  const root = makeApi(server.url, server.rootKey);
  const path = '/v1/metrics/rebuild';
  expectProblem(await api.send('POST', path, window), {
    status: 403,
    code: 'forbidden',
    at: { '/headers/authorization': /root key/ },
  });
  expectProblem(await root.send('POST', path, window), {
    status: 400,
    code: 'invalid_request',
    at: { '/to': /31 days/ },
  });
  const to = new Date(Date.now() + 60_000).toISOString();
  const { status, body } = await root.send('POST', path, { ...window, to });
  expect({ status, body }).toEqual({ status: 202, body: { marked: expect.any(Number) } });
});

test('the parts of a job’s time are its latency', async () => {
  const [first] = jobs;
  if (first === undefined) throw new Error('there is a job');
  const events = await eventsOf(api, first.id);
  expect(events.filter(({ type }) => type === 'attempt.failed')).toHaveLength(2);
  const metrics = await allTold();
  const names = ['queue_wait', 'provider_wait', 'deliberate_wait', 'overhead'];
  for (const name of names) expect(metrics[name]?.count).toBe(jobs.length);
});

test.each([
  ['/v1/metrics/timeseries?metric=nothing', '/query/metric'],
  ['/v1/metrics/timeseries?metric=jobs&group_by=model', '/query/group_by'],
  ['/v1/metrics/timeseries?metric=jobs&step=7m', '/query/step'],
  ['/v1/metrics/summary?from=yesterday', '/query/from'],
  ['/v1/costs?group_by=colour', '/query/group_by/0'],
  ['/v1/costs?period=2026-13', '/query/period'],
  ['/v1/costs?color=red', '/query/color'],
  ['/v1/metrics/summary?status=succeded', '/query/status/0'],
  ['/v1/costs?class=lost,timeuot', '/query/class/1'],
  ['/v1/metrics/summary?from=2026-11-23T00:00:00+01:00', '/query/from'],
])('%s is refused, and why', async (path, pointer) => {
  const answer = await api.send('GET', path);
  expectProblem(answer, { status: 400, code: 'invalid_request', at: { [pointer]: /./ } });
});
