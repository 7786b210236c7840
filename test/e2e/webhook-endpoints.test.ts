import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  newWebhookSecret,
  startReceiver,
  type Received,
  type Receiver,
} from '../../scripts/lib/webhook-receiver.ts';
import { makeApi, newKey, newTenant, type Api, type Tenant } from './support/api.ts';
import { ended, post, publish, submit, type Page } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { plainPipeline } from './support/pipelines.ts';
import { PLAIN } from './support/plain.ts';
import { expectProblem } from './support/problem.ts';
import { until } from './support/until.ts';

const SECRET = 'e2e-webhooks-'.repeat(3);
const PUBLIC = 'https://hooks.example.com/penstock';

type Endpoint = {
  readonly id: string;
  readonly url: string;
  readonly secret: string;
  readonly state: string;
  readonly secrets: readonly { readonly expires_at: string | null }[];
  readonly header_names: readonly string[];
};

type Try = { readonly number: number; readonly status: number | null; readonly answer: string };
type Delivery = {
  readonly id: string;
  readonly endpoint: string | null;
  readonly type: string;
  readonly state: string;
  readonly job_id: string | null;
  readonly event_id: string;
  readonly url: string | null;
  readonly tries: readonly Try[];
  readonly redeliveries: number;
};

const ONCE = { 'idempotency-key': 'once' };

let server: OwnServer;
let receiver: Receiver;
let names: Server;
/** What the receiver answers, by path; 204 where nothing is said. */
const answers = new Map<string, number>();

beforeAll(async () => {
  receiver = await startReceiver({ statusOf: ({ path }) => answers.get(path) ?? 204 });
  names = await startNames();
  const { port } = names.address() as AddressInfo;
  server = await startOwnServer({
    SIGNING_SECRET: SECRET,
    ALLOW_LOOPBACK_URLS: 'true',
    WEBHOOK_ENDPOINTS_MAX: '4',
    DNS_RESOLVER_URL: `http://127.0.0.1:${port}/`,
  });
});

afterAll(async () => {
  await server.close();
  receiver.close();
  names.close();
});

/** A DNS-over-HTTPS service that knows one public host and one with a private address. */
async function startNames(): Promise<Server> {
  const addresses: Record<string, string> = {
    'hooks.example.com': '93.184.215.14',
    'inside.example.com': '10.1.2.3',
  };
  const service = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://names');
    const address = addresses[searchParams.get('name') ?? ''];
    const isA = searchParams.get('type') === 'A';
    const found = isA && address !== undefined ? { Answer: [{ type: 1, data: address }] } : {};
    response.setHeader('content-type', 'application/dns-json');
    response.end(JSON.stringify({ Status: address === undefined ? 3 : 0, ...found }));
  });
  await new Promise<void>((resolve) => {
    service.listen(0, '127.0.0.1', () => resolve());
  });
  return service;
}

function create(api: Api, body: object = {}) {
  const { secrets } = receiver;
  const given = { url: `${receiver.url}/`, secret: secrets[0], ...body };
  return api.send<Endpoint>('POST', '/v1/webhook-endpoints', given);
}

test('an endpoint is made once under a key', async () => {
  const api = await newTenant(server);
  const body = { url: `${receiver.url}/once`, events: ['job.*'] };
  const make = (more: object = {}) =>
    api.send<Endpoint>('POST', '/v1/webhook-endpoints', { ...body, ...more }, { headers: ONCE });
  const both = await Promise.all([make(), make()]);
  expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 201]);
  expect(both[0].body).toEqual(both[1].body);
  const again = await make();
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.body).toEqual(both[0].body);
  expectProblem(await make({ ordered: true }), {
    status: 422,
    code: 'idempotency_key_reused',
    at: { '/headers/idempotency-key': /send the same again/ },
  });
  const rotated = await on(api, again.body, 'rotate-secret', {});
  expect(rotated.status, rotated.text).toBe(200);
  expect((await make()).body.secret).toBeNull();
});

/** An endpoint at a path of the receiver. */
async function endpointAt(api: Api, path: string, body: object = {}): Promise<Endpoint> {
  const made = await create(api, { url: `${receiver.url}${path}`, ...body });
  expect(made.status, made.text).toBe(201);
  return made.body;
}

function on(api: Api, { id }: Pick<Endpoint, 'id'>, verb: string, body?: object) {
  return api.send<Endpoint>('POST', `/v1/webhook-endpoints/${id}/${verb}`, body);
}

async function deliveries(api: Api, query = ''): Promise<readonly Delivery[]> {
  const page = await api.send<Page<Delivery>>('GET', `/v1/webhook-deliveries?limit=100${query}`);
  expect(page.status, page.text).toBe(200);
  return page.body.data;
}

async function deliveryWhen(api: Api, id: string, state: string): Promise<Delivery> {
  return until(`${id} ${state}`, async () => {
    const { body } = await api.send<Delivery>('GET', `/v1/webhook-deliveries/${id}`);
    return body.state === state && body;
  });
}

function receivedAt(path: string, type: string): Promise<Received> {
  return until(`${type} at ${path}`, () => {
    const found = receiver.received.find(
      (each) => each.path === path && each.payload.type === type,
    );
    return found ?? null;
  });
}

async function withPipeline(): Promise<Tenant> {
  const api = await newTenant(server);
  await publish(api, plainPipeline('plain'));
  return api;
}

describe('an endpoint', () => {
  test('hears of its project’s jobs, signed with its secret, with its own headers', async () => {
    const api = await withPipeline();
    const made = await create(api, {
      url: `${receiver.url}/hears`,
      events: ['job.succeeded'],
      headers: { 'X-Receiver-Key': 'of-the-receiver' },
      payload: 'full',
    });
    expect(made.status, made.text).toBe(201);
    expect(made.headers.get('location')).toBe(`/v1/webhook-endpoints/${made.body.id}`);
    expect(made.body).toMatchObject({ state: 'active', header_names: ['x-receiver-key'] });

    const { id } = await submit(api, PLAIN);
    const event = await receivedAt('/hears', 'job.succeeded');
    expect(event.headers['x-receiver-key']).toBe('of-the-receiver');
    expect(event.payload.data).toMatchObject({ job_id: id });
    expect(JSON.parse(event.text)).toMatchObject({ job: { id, status: 'succeeded' } });

    const [delivery] = await deliveries(api, `&job=${id}`);
    expect(delivery).toMatchObject({ endpoint: made.body.id, event_id: event.id });
    const whole = await deliveryWhen(api, delivery?.id ?? '', 'delivered');
    expect(whole.tries).toMatchObject([{ number: 1, status: 204 }]);
    const types = receiver.received.filter(({ path }) => path === '/hears');
    expect(types.map(({ payload }) => payload.type)).toEqual(['job.succeeded']);
  });

  test('is shown without its secret and its headers’ values, and to its own project alone', async () => {
    const api = await newTenant(server);
    const made = await endpointAt(api, '/shown', { headers: { authorization: 'Bearer hidden' } });
    const stranger = await newTenant(server);
    for (const path of ['', `/${made.id}`]) {
      const shown = await api.send('GET', `/v1/webhook-endpoints${path}`);
      expect(shown.text).toContain(made.id);
      expect(shown.text).not.toMatch(/whsec_|hidden/);
    }
    expect((await stranger.send<Page<Endpoint>>('GET', '/v1/webhook-endpoints')).body.data).toEqual(
      [],
    );
    expectProblem(await stranger.send('GET', `/v1/webhook-endpoints/${made.id}`), {
      status: 404,
      code: 'not_found',
      at: { '/path/endpoint_id': /GET \/v1\/webhook-endpoints lists them/ },
    });
  });

  test('is changed, and what comes next goes where it says', async () => {
    const api = await newTenant(server);
    const made = await endpointAt(api, '/old');
    const path = `/v1/webhook-endpoints/${made.id}`;
    const change = { url: `${receiver.url}/new`, ordered: true };
    expect((await api.send('PATCH', path, change)).body).toMatchObject(change);
    await on(api, made, 'test');
    expect(await receivedAt('/new', 'webhook.test')).toBeDefined();
    expect((await api.send('DELETE', path)).body).toEqual({ id: made.id, deleted: true });
    expect((await api.send('GET', path)).status).toBe(404);
    // What was delivered can still be read.
    const [tested, ...others] = await deliveries(api, `&endpoint=${made.id}`);
    expect([tested?.type, others]).toEqual(['webhook.test', []]);
    const read = await api.send<Delivery>('GET', `/v1/webhook-deliveries/${tested?.id}`);
    expect(read.body).toMatchObject({ endpoint: made.id, state: 'delivered' });
    expect(await deliveries(api)).toEqual([]);
  });

  test('has its secret rotated: for a while both sign, then the new one alone', async () => {
    const api = await newTenant(server);
    const made = await endpointAt(api, '/rotated');
    const secret = newWebhookSecret();
    const rotated = await on(api, made, 'rotate-secret', { secret });
    expect(rotated.body).toMatchObject({ secret, secrets: [{ expires_at: null }, {}] });
    await on(api, made, 'test');
    const { headers } = await receivedAt('/rotated', 'webhook.test');
    expect(String(headers['webhook-signature']).split(' ')).toHaveLength(2);

    expectProblem(await on(api, made, 'rotate-secret', {}), {
      status: 409,
      code: 'conflict',
      at: { '/keep_old_for': /two secrets in force until 2\d{3}-/ },
    });
    const last = await on(api, made, 'rotate-secret', { keep_old_for: '0s' });
    expect(last.body.secrets).toHaveLength(1);
    const tested = await on(api, made, 'test');
    await until('a refusal', () => receiver.refused.includes('signature_mismatch'));
    const failed = await until('a failed try', async () => {
      const { body } = await api.send<Delivery>('GET', `/v1/webhook-deliveries/${tested.body.id}`);
      return body.tries.length > 0 && body;
    });
    expect(failed.tries[0]).toMatchObject({ status: 400, answer: 'signature_mismatch' });
  });

  test('that is paused gets nothing until it is resumed, and then all of it', async () => {
    const api = await withPipeline();
    const made = await endpointAt(api, '/paused', { events: ['job.*'] });
    expect((await on(api, made, 'pause')).body).toMatchObject({ state: 'paused' });
    const { id } = await submit(api, PLAIN);
    await ended(api, id);
    const held = await until('a held delivery', async () => {
      const found = await deliveries(api, `&endpoint=${made.id}&type=job.succeeded`);
      return found[0] ?? null;
    });
    expect(held).toMatchObject({ state: 'pending', job_id: id });
    expectProblem(await on(api, made, 'test'), {
      status: 409,
      code: 'conflict',
      at: { '/path/endpoint_id': /is paused.*resume first/ },
    });
    expect(receiver.received.filter(({ path }) => path === '/paused')).toEqual([]);
    expect((await on(api, made, 'resume')).body).toMatchObject({ state: 'active' });
    await receivedAt('/paused', 'job.succeeded');
  });

  test('is written down: who made it, changed it, and read the secret of jobs', async () => {
    const api = await newTenant(server);
    const made = await endpointAt(api, '/audited');
    await api.send('PATCH', `/v1/webhook-endpoints/${made.id}`, { description: 'ours' });
    const { key } = await newKey(server, api.project, ['admin']);
    const admin = makeApi(server.url, key);
    const secrets = await admin.send<{ secrets: { secret: string }[] }>(
      'GET',
      '/v1/webhook-signing-secret',
    );
    expect(secrets.body.secrets).toMatchObject([{ secret: expect.stringMatching(/^whsec_/) }]);
    const log = await admin.send<Page<{ action: string; outcome: string }>>('GET', '/v1/audit');
    expect(log.body.data.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'webhook_signing_secret.read done',
      'webhook_endpoint.change done',
      'webhook_endpoint.create done',
    ]);
    expect(log.text).not.toContain('whsec_');
  });
});

describe('a job’s own webhook', () => {
  test('is told of the job’s end, signed with the project’s secret; a rerun tells it as well', async () => {
    const api = await withPipeline();
    const { key } = await newKey(server, api.project, ['admin']);
    const signing = await makeApi(server.url, key).send<{ secrets: { secret: string }[] }>(
      'GET',
      '/v1/webhook-signing-secret',
    );
    receiver.secrets.push(...signing.body.secrets.map(({ secret }) => secret));
    const webhook = { url: `${receiver.url}/own` };
    const job = await submit(api, { ...PLAIN, webhook });
    expect(await ended(api, job.id)).toMatchObject({ webhook: { ...webhook, payload: 'thin' } });
    const event = await receivedAt('/own', 'job.succeeded');
    expect(event.payload.data).toMatchObject({ job_id: job.id, status: 'succeeded' });

    const again = await api.send<{ id: string }>('POST', `/v1/jobs/${job.id}/rerun`, {});
    await until('the rerun’s event', () =>
      receiver.received.some(
        ({ path, payload }) => path === '/own' && payload.data['job_id'] === again.body.id,
      ),
    );
    const silent = await api.send<{ webhook: unknown }>('POST', `/v1/jobs/${job.id}/rerun`, {
      webhook: null,
    });
    expect(silent.body.webhook).toBeNull();
    const listed = await deliveries(api, '&endpoint=jobs');
    expect(listed.map(({ endpoint, url }) => ({ endpoint, url }))).toEqual([
      { endpoint: null, url: webhook.url },
      { endpoint: null, url: webhook.url },
    ]);
  });

  test('belongs to what an idempotency key stands for', async () => {
    const api = await withPipeline();
    const webhook = { url: PUBLIC, events: ['job.failed'] };
    const headers = { 'idempotency-key': 'once' };
    expect((await post(api, { ...PLAIN, webhook }, headers)).status).toBe(202);
    expect((await post(api, { ...PLAIN, webhook }, headers)).status).toBe(200);
    const other = { ...webhook, events: ['job.*'] };
    expect((await post(api, { ...PLAIN, webhook: other }, headers)).status).toBe(422);
    expect((await post(api, PLAIN, headers)).status).toBe(422);
  });
});

describe('deliveries', () => {
  test('that failed are sent again, one by one and by a filter', async () => {
    const api = await newTenant(server);
    const made = await endpointAt(api, '/again');
    const ids: string[] = [];
    for (const _ of [1, 2]) {
      const sent = await on(api, made, 'test');
      expect(sent.status, sent.text).toBe(202);
      ids.push(sent.body.id);
    }
    const [first = '', second = ''] = ids;
    const before = await deliveryWhen(api, first, 'delivered');
    await deliveryWhen(api, second, 'delivered');

    const again = await api.send<Delivery>('POST', `/v1/webhook-deliveries/${first}/redeliver`);
    expect(again).toMatchObject({
      status: 202,
      body: { redeliveries: 1, event_id: before.event_id },
    });
    const after = await until('the second try', async () => {
      const { body } = await api.send<Delivery>('GET', `/v1/webhook-deliveries/${first}`);
      return body.state === 'delivered' && body.tries.length === 2 && body;
    });
    expect(after.tries.map(({ status }) => status)).toEqual([204, 204]);

    const filter = { endpoint: made.id, state: 'delivered', type: 'webhook.test' };
    const all = await api.send('POST', '/v1/webhook-deliveries/redeliver', filter);
    expect(all).toMatchObject({ status: 202, body: { redelivered: 2, has_more: false } });
    await until('both again', () => {
      const times = receiver.received.filter(({ id }) => id === before.event_id).length;
      return times === 3;
    });
  });

  test('are listed newest first, page by page, over all endpoints', async () => {
    const api = await newTenant(server);
    const one = await endpointAt(api, '/listed-1');
    const two = await endpointAt(api, '/listed-2');
    const sent: string[] = [];
    for (const endpoint of [one, two, one]) sent.push((await on(api, endpoint, 'test')).body.id);
    const seen: string[] = [];
    for (let after = ''; ;) {
      const page = await api.send<Page<Delivery>>('GET', `/v1/webhook-deliveries?limit=1${after}`);
      seen.push(...page.body.data.map(({ id }) => id));
      if (page.body.next_cursor === null) break;
      after = `&after=${page.body.next_cursor}`;
    }
    expect(seen).toEqual(sent.toReversed());
    const ofTwo = await deliveries(api, `&endpoint=${two.id}`);
    expect(ofTwo.map(({ id }) => id)).toEqual([sent[1]]);
    expect(await deliveries(api, '&created_before=2020-01-01T00:00:00Z')).toEqual([]);
  });

  test('of another project do not exist', async () => {
    const api = await newTenant(server);
    const stranger = await newTenant(server);
    const { body } = await on(api, await endpointAt(api, '/mine'), 'test');
    for (const [method, path] of [
      ['GET', `/v1/webhook-deliveries/${body.id}`],
      ['POST', `/v1/webhook-deliveries/${body.id}/redeliver`],
    ] as const) {
      expect((await stranger.send(method, path)).status).toBe(404);
    }
    expect(await deliveries(stranger)).toEqual([]);
  });

  test('that are pending are not sent again', async () => {
    const api = await newTenant(server);
    answers.set('/busy', 503);
    const { body } = await on(api, await endpointAt(api, '/busy'), 'test');
    await until('a try', async () => {
      const delivery = await api.send<Delivery>('GET', `/v1/webhook-deliveries/${body.id}`);
      return delivery.body.tries.length > 0;
    });
    expectProblem(await api.send('POST', `/v1/webhook-deliveries/${body.id}/redeliver`), {
      status: 409,
      code: 'conflict',
      at: { '/path/delivery_id': /still pending/ },
    });
  });
});

/** The shortest retention there is takes a minute. */
test.skipIf(process.env['PENSTOCK_TEST_SIZE'] !== 'full')(
  'an event of a job that is erased is not sent again',
  async () => {
    const api = await newTenant(server);
    const retention = { payloads: '1m', history: '1m' };
    await publish(api, plainPipeline('plain', { retention }));
    await endpointAt(api, '/erased', { events: ['job.succeeded'] });
    const { id } = await submit(api, PLAIN);
    await receivedAt('/erased', 'job.succeeded');
    const delivered = await until('the delivery', async () => {
      const [delivery] = await deliveries(api, `&job=${id}&state=delivered`);
      return delivery ?? null;
    });
    await until(
      'the erasure',
      async () => (await api.send('GET', `/v1/jobs/${id}`)).status === 404,
      120_000,
    );
    expectProblem(await api.send('POST', `/v1/webhook-deliveries/${delivered.id}/redeliver`), {
      status: 410,
      code: 'job_erased',
      at: { '/path/delivery_id': new RegExp(`${id} has been erased`) },
    });
  },
  200_000,
);

describe('bad input', () => {
  test.each([
    ['http://hooks.example.com/', /url_scheme/],
    ['https://user:pass@hooks.example.com/', /url_credentials/],
    ['https://hooks.example.com:8443/', /url_port/],
    ['https://router.local/', /url_host/],
    ['https://10.0.0.1/', /url_address.*private/],
    ['https://169.254.169.254/latest', /url_address/],
    ['https://0x7f.1.2.3.4/', /url_host|url_invalid/],
    ['https://inside.example.com/', /url_address/],
    ['https://nowhere.example.com/', /url_unresolvable/],
    ['not a url', /url_invalid/],
  ])('a URL that is refused says by which rule: %s', async (url, words) => {
    const api = await withPipeline();
    const refusal = { status: 400, code: 'invalid_request' };
    expectProblem(await create(api, { url }), { ...refusal, at: { '/url': words } });
    expectProblem(await post(api, { ...PLAIN, webhook: { url } }), {
      ...refusal,
      at: { '/webhook/url': words },
    });
  });

  test('everything that is wrong with an endpoint is said at once', async () => {
    const api = await newTenant(server);
    const refused = await create(api, {
      events: ['job.succeded', 'alert.*'],
      secret: 'whsec_c2hvcnQ=',
      headers: { 'Webhook-Id': 'x', cookie: 'x', 'x-fine': 'y' },
      payload: 'whole',
      color: 'red',
    });
    expectProblem(refused, {
      status: 400,
      code: 'invalid_request',
      at: {
        '/events/0': /"job\.succeded" is not an event here; did you mean job\.succeeded/,
        '/secret': /too short: 5 bytes/,
        '/headers/Webhook-Id': /cannot be set/,
        '/headers/cookie': /cannot be set/,
        '/payload': /thin|full/,
        '/color': /not a known field/,
      },
    });
  });

  test('more endpoints than a project may have are refused', async () => {
    const api = await newTenant(server);
    for (const n of [1, 2, 3, 4]) await endpointAt(api, `/many-${n}`);
    expectProblem(await create(api), {
      status: 409,
      code: 'conflict',
      at: { '/': /has 4 webhook endpoints.*WEBHOOK_ENDPOINTS_MAX/ },
    });
  });

  test('a change of nothing, and a rotation to a bad secret, say what they want', async () => {
    const api = await newTenant(server);
    const made = await endpointAt(api, '/changes');
    const invalid = { status: 400, code: 'invalid_request' };
    expectProblem(await api.send('PATCH', `/v1/webhook-endpoints/${made.id}`, {}), {
      ...invalid,
      at: { '': /at least one field/ },
    });
    const rotation = { secret: 'abc', keep_old_for: '31d' };
    expectProblem(await on(api, made, 'rotate-secret', rotation), {
      ...invalid,
      at: { '/secret': /begin with whsec_/, '/keep_old_for': /between 0s and 30d/ },
    });
  });

  test('events, filters and ids that do not exist are named', async () => {
    const api = await withPipeline();
    const invalid = { status: 400, code: 'invalid_request' };
    const webhook = { url: PUBLIC, events: ['alert.*'] };
    expectProblem(await post(api, { ...PLAIN, webhook }), {
      ...invalid,
      at: { '/webhook/events/0': /"alert\.\*" is not an event here/ },
    });
    expectProblem(await api.send('GET', '/v1/webhook-deliveries?type=job.done&state=lost'), {
      ...invalid,
      at: { '/query/type': /is not an event here/, '/query/state': /pending, delivered/ },
    });
    expectProblem(await api.send('GET', '/v1/webhook-deliveries?endpoint=whe_0'), {
      status: 404,
      code: 'not_found',
      at: { '/query/endpoint': /"whe_0"/ },
    });
    expectProblem(await api.send('POST', '/v1/webhook-deliveries/redeliver', {}), {
      ...invalid,
      at: { '/endpoint': /is required/ },
    });
  });

  test('without a secret to sign with there are no webhooks, and it says so', async () => {
    const api = await newTenant();
    const said = { status: 422, code: 'unprocessable' };
    expectProblem(await create(api), { ...said, at: { '/': /has no SIGNING_SECRET/ } });
    await publish(api, plainPipeline('plain'));
    expectProblem(await post(api, { ...PLAIN, webhook: { url: PUBLIC } }), {
      ...said,
      at: { '/webhook': /has no SIGNING_SECRET/ },
    });
  });
});
