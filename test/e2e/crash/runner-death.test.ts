import { afterAll, beforeAll, expect, test } from 'vitest';

import { newTenant, type Tenant } from '../support/api.ts';
import { ended, eventsOf, post, publish, submit } from '../support/jobs.ts';
import { startOwnServer, type OwnServer } from '../support/own-server.ts';
import { chatPipeline, question } from '../support/pipelines.ts';
import { newModel } from '../support/simulator-client.ts';
import { until } from '../support/until.ts';
import { DEADLY_STATUS, mortalConfig } from './mortal-config.ts';
import { say } from './report.ts';

/**
 * One invocation of the Worker is killed by the runtime in the middle of a call while everything else lives on:
 * the job's shard, the server, its other invocations.
 */
const RECOVERY_MS = 90_000;

let server: OwnServer;
let api: Tenant;

beforeAll(async () => {
  server = await startOwnServer({}, { config: mortalConfig() });
  api = await newTenant(server);
});

afterAll(() => server.close());

type Runner = 'consumer' | 'request';

test.concurrent.for<Runner>(['consumer', 'request'])(
  'the job of a %s that was killed alone is taken over within a minute and a half',
  { timeout: RECOVERY_MS + 30_000 },
  async (runner) => {
    const model = newModel();
    const neighbour = await callUnderWay();
    server.simulator.addRules({ match: { model }, times: 1, fault: { status: DEADLY_STATUS } });
    await publish(api, chatPipeline(model, { timeouts: { attempt: '10m' } }, { name: model }));
    const body = { ...question(), pipeline: model };
    const id = await begin(runner, body, model);
    await until('the runner to be killed', () => callsOf(model).length === 1);
    const killedAtMs = Date.parse(callsOf(model)[0]?.at ?? '');

    const untouched = await neighbour.answer;
    expect(untouched.body.status, untouched.text).toBe('succeeded');
    expect(callsOf(neighbour.model)).toHaveLength(1);

    // Nobody asks the shard meanwhile: what wakes it is its own alarm.
    await until('its second call', () => callsOf(model).length === 2, RECOVERY_MS);
    const job = await ended(api, id);
    const tookMs = Date.parse(job.finished_at ?? '') - killedAtMs;
    say(`a ${runner} was killed alone: its job ended ${tookMs} ms later`);
    expect(tookMs).toBeLessThan(RECOVERY_MS);
    expect(job.status).toBe('succeeded');
    const types = (await eventsOf(api, id)).map(({ type }) => type);
    expect(types.filter((type) => type === 'attempt.lost')).toHaveLength(1);
    expect(types.filter((type) => type === 'attempt.succeeded')).toHaveLength(1);
    expect(types.filter((type) => type === 'attempt.failed')).toHaveLength(0);
  },
);

/** A request that runs its job in an invocation of its own, some seconds long. */
async function callUnderWay() {
  const model = newModel();
  server.simulator.addRules({ match: { model }, fault: { latency_ms: 4_000 } });
  await publish(api, chatPipeline(model, {}, { name: model }));
  const answer = post(api, { ...question(), pipeline: model }, { prefer: 'wait=30' });
  await until('the call of the neighbour', () => callsOf(model).length === 1);
  return { model, answer };
}

/** Submits a job to one kind of runner. A request that is killed gives no answer: the key finds its job. */
async function begin(runner: Runner, body: object, key: string): Promise<string> {
  const headers = { 'idempotency-key': key };
  if (runner === 'consumer') return (await submit(api, body, headers)).id;
  post(api, body, { ...headers, prefer: 'wait=60' }).catch(() => undefined);
  await until('the call', () => callsOf(key).length === 1);
  return (await submit(api, body, headers)).id;
}

function callsOf(model: string) {
  return server.simulator.journal().filter((call) => call.model === model);
}

test('the server outlived its runners', async () => {
  const answer = await api.send('GET', '/healthz');
  expect(answer.status).toBe(200);
});
