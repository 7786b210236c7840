import { afterAll, beforeAll, expect, test } from 'vitest';

import { OutputCutter } from '../../scripts/lib/tail/cut-output.ts';
import { recordsOf } from '../../scripts/lib/tail/records.ts';
import { makeSelection } from '../../scripts/lib/tail/select-records.ts';
import { makeApi, newTenant, type Tenant } from './support/api.ts';
import { ended, eventsOf, post, publish, run } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { chatPipeline, question } from './support/pipelines.ts';
import { PROVIDER_KEY } from './support/settings.ts';
import { newModel } from './support/simulator-client.ts';
import { until } from './support/until.ts';

type LogLine = Readonly<Record<string, unknown>> & { readonly event: string };

let server: OwnServer;
beforeAll(async () => {
  server = await startOwnServer({ TRACE_PROVIDERS: 'openai' });
});
afterAll(() => server.close());

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

/** The Worker's own lines; the local tool puts its talk between them. */
function logged(): LogLine[] {
  return server.lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine);
}

function loggedWhen(what: string, wanted: (line: LogLine) => boolean): Promise<LogLine[]> {
  return until(what, () => {
    const found = logged().filter(wanted);
    return found.length > 0 && found;
  });
}

async function asking(model: string): Promise<Tenant> {
  const api = await newTenant(server);
  await publish(api, chatPipeline(model));
  return api;
}

test("the caller's request id and trace come back, and go everywhere", async () => {
  const model = newModel();
  const api = await asking(model);
  const requestId = 'checkout-7f:2.1_x';
  const { headers, body } = await post(api, question(), {
    'x-request-id': requestId,
    traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
  });
  expect(headers.get('x-request-id')).toBe(requestId);
  expect(headers.get('traceparent')).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
  expect(headers.get('traceparent')).not.toContain('00f067aa0ba902b7');
  const job = await ended(api, body.id);
  const both = { request_id: requestId, trace_id: TRACE };
  expect(job).toMatchObject(both);
  for (const event of await eventsOf(api, job.id)) expect(event).toMatchObject(both);
  const call = server.simulator.journal().find((entry) => entry.model === model);
  expect(call?.request_id).toBe(requestId);
  expect(call?.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));

  const [request] = await loggedWhen(
    'the submit in the log',
    (line) => line.event === 'http.request' && line['request_id'] === requestId,
  );
  const facts = { method: 'POST', route: '/v1/jobs', status: 202, project: api.project };
  expect(request).toMatchObject({ ...both, ...facts });
  const [attempt] = await loggedWhen(
    'the attempt in the log',
    (line) => line.event === 'attempt.ended' && line['job_id'] === job.id,
  );
  expect(attempt).toMatchObject({
    ...both,
    level: 'info',
    project: api.project,
    pipeline: 'asks@1',
    step: 'ask',
    attempt: 1,
    provider: 'openai',
    model,
    outcome: 'succeeded',
  });
});

test('one job is followed from the request through the queue and the call to its end', async () => {
  const model = newModel();
  const api = await asking(model);
  const { id } = await post(api, question()).then(({ body }) => body);
  await run(api, question());
  await ended(api, id);
  await loggedWhen('its end', (line) => line.event === 'job.ended' && line['job_id'] === id);
  const isWanted = makeSelection({ job: id });
  const records = new OutputCutter().push(`${server.lines.join('\n')}\n`).flatMap(recordsOf);
  const followed = records.filter(isWanted).map(({ event }) => event);
  expect(followed).toEqual(
    expect.arrayContaining([
      'job.accepted',
      'http.request',
      'wake.taken',
      'attempt.ended',
      'job.ended',
    ]),
  );
  const others = records.filter(isWanted).filter(({ fields }) => fields['job_id'] !== id);
  expect(others).toEqual([]);
});

test('a provider that is not named to be told of traces is not told', async () => {
  const model = newModel();
  const api = await newTenant(server);
  await publish(api, chatPipeline(model, { route: { targets: [{ provider: 'groq', model }] } }));
  await run(api, question());
  const call = server.simulator.journal().find((entry) => entry.model === model);
  expect(call?.request_id).toMatch(/^req_/);
  expect(call?.traceparent).toBeNull();
});

test('who sends none, or nonsense, gets new ones', async () => {
  const api = await newTenant(server);
  const wrong = [
    {},
    { 'x-request-id': 'two words', traceparent: 'nonsense' },
    { 'x-request-id': 'x'.repeat(129), traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` },
    { traceparent: `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01` },
    { traceparent: `ff-${TRACE}-00f067aa0ba902b7-01` },
  ];
  const met = new Set<string>();
  for (const headers of wrong) {
    const answer = await api.send('GET', '/v1/jobs', undefined, { headers });
    const requestId = answer.headers.get('x-request-id') ?? '';
    const traceId = answer.headers.get('traceparent')?.split('-')[1] ?? '';
    expect(requestId).toMatch(/^req_[0-9a-f-]{36}$/);
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(traceId).not.toMatch(new RegExp(`^0+$|${TRACE}`, 'i'));
    met.add(requestId).add(traceId);
  }
  expect(met.size).toBe(2 * wrong.length);
});

test('refusals carry them like every other answer', async () => {
  const nobody = makeApi(server.url, '');
  const headers = { 'x-request-id': 'mine', traceparent: `00-${TRACE}-00f067aa0ba902b7-01` };
  for (const path of ['/v1/jobs', '/nothing', '/healthz']) {
    const answer = await nobody.send('GET', path, undefined, { headers });
    expect(answer.headers.get('x-request-id')).toBe('mine');
    expect(answer.headers.get('traceparent')).toContain(TRACE);
  }
});

test('the log names the route of a request, and not what stands in it', async () => {
  const api = await newTenant(server);
  const secret = 'swordfish-in-the-path';
  const headers = { 'x-request-id': 'by-route' };
  await api.send('GET', `/v1/jobs/${secret}/events`, undefined, { headers });
  const [line] = await loggedWhen(
    'the request in the log',
    (found) => found['request_id'] === 'by-route',
  );
  expect(line).toMatchObject({ route: '/v1/jobs/:job_id/events', status: 404 });
  expect(JSON.stringify(logged())).not.toContain(secret);
});

test('logs are one JSON object a line, and hold no payload and no secret', async () => {
  const model = newModel();
  const api = await asking(model);
  server.simulator.addRules(
    { match: { model }, times: 1, reply: { text: 'halibut in the answer' } },
    { match: { model }, times: 1, fault: { status: 400, message: 'haddock in the error' } },
  );
  const body = { ...question('mackerel in the input'), metadata: { note: 'herring in a label' } };
  await run(api, body);
  const failed = await run(api, body);
  expect(failed.status).toBe('failed');
  await api.send('POST', '/v1/jobs', undefined, { raw: '{"input": "turbot, unfinished' });
  await post(api, { ...body, pipeline: 'plaice' });
  await makeApi(server.url, 'psk_sardine').send('GET', '/v1/jobs?tag=anchovy');
  await loggedWhen('the failure in the log', (line) => line['job_id'] === failed.id);
  await loggedWhen('the last request in the log', (line) => line['status'] === 401);

  const fish = /halibut|haddock|mackerel|herring|turbot|plaice|sardine|anchovy/;
  for (const line of server.lines.filter((text) => !text.startsWith('[wrangler'))) {
    expect(line).not.toMatch(fish);
    for (const key of [api.key, server.rootKey, PROVIDER_KEY]) expect(line).not.toContain(key);
  }
  for (const line of logged()) {
    expect(line).toMatchObject({ event: expect.stringMatching(/^[a-z]+(\.[a-z_]+)+$/) });
    expect(['debug', 'info', 'warn', 'error']).toContain(line['level']);
    expect(new Date(String(line['at'])).toISOString()).toBe(line['at']);
  }
  const events = new Set(logged().map(({ event }) => event));
  expect([...events]).toEqual(expect.arrayContaining(['http.request', 'attempt.ended']));
});
