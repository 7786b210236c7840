import parsePrometheus from 'parse-prometheus-text-format';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import { newTenant, type Tenant } from './support/api.ts';
import { publish, run } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { plainPipeline } from './support/pipelines.ts';
import { until } from './support/until.ts';
import { WebhookReceiver } from './support/webhook-receiver.ts';

type Point = { readonly value?: number; readonly count?: number; readonly p50?: number };
type Summary = { readonly metrics: Readonly<Record<string, Point>> };
type Series = {
  readonly data: readonly {
    readonly group: Readonly<Record<string, string>>;
    readonly points: readonly Point[];
  }[];
};
type FeedbackSummary = {
  readonly data: readonly {
    readonly group: string;
    readonly count: number;
    readonly score: { readonly count: number; readonly mean: number | null };
  }[];
};

/** Texts that the pretended model flags, and that it does not; the last one is known from before. */
const TEXTS = ['I will attack the vermin', 'You idiot', 'Good day', 'Fine', 'You idiot'] as const;
/** Each ends once, and is delivered at the second try. */
const JOBS = TEXTS.length + 3;

let server: OwnServer;
let receiver: WebhookReceiver;
let api: Tenant;
let endpoint: string;
const judged: JobView[] = [];

/** A server of its own, whose schedules nobody but these tests fires, and a receiver that refuses each delivery once. */
beforeAll(async () => {
  receiver = await WebhookReceiver.start((_path, triesBefore) => (triesBefore === 0 ? 500 : 200));
  server = await startOwnServer({
    SIGNING_SECRET: 'a-secret-of-the-tests-of-outcomes-00001',
    ALLOW_LOOPBACK_URLS: 'true',
  });
  api = await newTenant(server);
  endpoint = await listen();
  await publish(api, moderation('watch', 'omni-moderation-latest'));
  for (const text of TEXTS) judged.push(await run(api, { pipeline: 'watch', input: { text } }));
  await publish(api, plainPipeline('plain'));
  await publish(api, { ...plainPipeline('plain'), description: 'the second version' });
  for (const [version, score] of [1, 1, 2].map((each, index) => [each, index / 2] as const)) {
    const { id } = await run(api, { pipeline: `plain@${version}`, input: { text: 'a' } });
    for (let times = 0; times < 2; times += 1) {
      // Said twice under the same key, and counted once.
      const headers = { 'idempotency-key': `${version}-${score}` };
      const said = { score, label: version === 1 ? 'short' : 'long' };
      await give(id, said, headers);
    }
  }
}, 120_000);

afterAll(async () => {
  await server.close();
  await receiver.kill();
});

async function listen(): Promise<string> {
  const asked = { url: receiver.url('/hook'), events: ['job.succeeded'] };
  const made = await api.send<{ id: string }>('POST', '/v1/webhook-endpoints', asked);
  expect(made.status, made.text).toBe(201);
  return made.body.id;
}

async function give(job: string, said: object, headers: Record<string, string>): Promise<void> {
  const given = await api.send('POST', `/v1/jobs/${job}/feedback`, said, { headers });
  expect([200, 201], given.text).toContain(given.status);
}

function moderation(name: string, model: string) {
  return {
    name,
    input: { schema: { type: 'object', properties: { text: { type: 'string' } } } },
    steps: [
      {
        id: 'look',
        uses: 'model.moderate',
        with: { text: '${{ input.text }}' },
        route: { targets: [{ provider: 'openai', model }] },
        cache: { mode: 'read_write' },
      },
    ],
    output: { flagged: '${{ steps.look.output.flagged }}' },
  };
}

async function summary(query = ''): Promise<Summary['metrics']> {
  const { body } = await api.send<Summary>('GET', `/v1/metrics/summary?window=1h${query}`);
  return body.metrics;
}

/** Of each group, what a signal came to over the last hour. */
async function series(metric: string, groupBy: string, query = '') {
  const path = `/v1/metrics/timeseries?metric=${metric}&group_by=${groupBy}&window=1h&step=1h${query}`;
  const answer = await api.send<Series>('GET', path);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data.map(({ group, points }) => [
    group,
    points.filter(({ value, count }) => (value ?? count ?? 0) !== 0),
  ]);
}

/** All jobs are told of, and all deliveries have arrived. */
async function allTold(): Promise<Summary['metrics']> {
  return until(
    'everything that was measured',
    async () => {
      const metrics = await summary();
      const isAll =
        metrics['moderated']?.value === TEXTS.length && metrics['feedback']?.value === 3;
      return isAll && metrics['webhook_lag']?.count === JOBS && metrics;
    },
    60_000,
  );
}

async function fireSchedule(): Promise<void> {
  const query = new URLSearchParams({ cron: '* * * * *', format: 'json' });
  const answer = await fetch(`${server.url}/cdn-cgi/handler/scheduled?${query}`);
  expect(answer.ok).toBe(true);
}

test('a moderation says in its attempt what it has flagged', () => {
  const found = judged.map(({ steps }) => steps[0]?.attempts[0]);
  expect(found).toMatchObject([
    { moderated: { flagged: true, categories: ['violence', 'hate'] } },
    { moderated: { flagged: true, categories: ['harassment'] } },
    { moderated: { flagged: false } },
    { moderated: { flagged: false } },
    { cache_hit: true, moderated: { flagged: true, categories: ['harassment'] } },
  ]);
});

test('what was found, delivered and said is counted, before and after a roll-up', async () => {
  await allTold();
  for (let time = 0; time < 2; time += 1) {
    expect(await summary()).toMatchObject({
      moderated: { value: TEXTS.length },
      flagged: { value: 3 },
      flagged_rate: { value: 0.6 },
      flagged_categories: { value: 4 },
      feedback: { value: 3 },
      feedback_score: { value: 0.5 },
      webhook_tries: { value: 2 * JOBS },
      webhook_failures: { value: JOBS },
      webhook_failure_rate: { value: 0.5 },
      webhook_latency: { count: 2 * JOBS },
      webhooks_given_up: { value: 0 },
    });
    await fireSchedule();
  }
});

test('it is told apart by pipeline, category, endpoint, class and version', async () => {
  await allTold();
  expect(await series('flagged_rate', 'pipeline', '&pipeline=watch')).toEqual([
    [{ pipeline: 'watch' }, [expect.objectContaining({ value: 0.6 })]],
  ]);
  const categories = await series('flagged_categories', 'category');
  expect(categories.map(([group]) => group)).toEqual(
    expect.arrayContaining([{ category: 'violence' }, { category: 'harassment' }]),
  );
  const [lag, ...others] = await series('webhook_lag', 'endpoint');
  expect(others).toEqual([]);
  expect(lag).toEqual([{ endpoint }, [expect.objectContaining({ count: JOBS })]]);
  const failures = await series('webhook_failures', 'class', `&class=http_5xx`);
  expect(failures).toEqual([[{ class: 'http_5xx' }, [expect.objectContaining({ value: JOBS })]]]);
  expect(await series('feedback_score', 'version', '&pipeline=plain')).toEqual([
    [{ version: '1' }, [expect.objectContaining({ value: 0.25 })]],
    [{ version: '2' }, [expect.objectContaining({ value: 1 })]],
  ]);
});

test('feedback is as its own summary counts it', async () => {
  const { body } = await api.send<FeedbackSummary>('GET', '/v1/feedback/summary?group_by=version');
  expect(body.data.map(({ group, count, score }) => [group, count, score.mean])).toEqual([
    ['plain@1', 2, 0.25],
    ['plain@2', 1, 1],
  ]);
});

test('a test of an endpoint is a delivery, and no measurement', async () => {
  const before = await allTold();
  const tested = await api.send<{ id: string }>('POST', `/v1/webhook-endpoints/${endpoint}/test`);
  expect(tested.status, tested.text).toBeLessThan(300);
  await until('the test at its receiver', () =>
    receiver.receptions.some(({ type, status }) => type === 'webhook.test' && status === 200),
  );
  expect((await summary())['webhook_tries']).toEqual(before['webhook_tries']);
});

test('Prometheus has all of it', async () => {
  await allTold();
  const families = await until(
    'sums of minutes that are over',
    async () => {
      await fireSchedule();
      const headers = { authorization: `Bearer ${api.key}` };
      const text = await (await fetch(`${server.url}/metrics`, { headers })).text();
      const found = parsePrometheus(text).map(({ name }) => name);
      return found.includes('penstock_webhook_tries_total') && found;
    },
    120_000,
  );
  expect(families).toEqual(
    expect.arrayContaining([
      'penstock_moderated_total',
      'penstock_flagged_total',
      'penstock_webhook_lag_seconds',
      'penstock_webhook_failures_total',
      'penstock_feedback_total',
    ]),
  );
}, 150_000);
