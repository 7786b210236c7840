import { describe, expect, inject, test } from 'vitest';

import { scopes, type Scope } from '../../src/domain/access.ts';
import {
  makeApi,
  newKey,
  newTenant,
  rootApi,
  type Answer,
  type CreatedKey,
} from './support/api.ts';
import { documentOf, matches } from './support/contract.ts';
import { listedWhen, listJobs, publish, run, submit } from './support/jobs.ts';
import { plainPipeline } from './support/pipelines.ts';
import { PLAIN, withPlain } from './support/plain.ts';
import { expectProblem } from './support/problem.ts';

function bearer(authorization: string | null): Promise<Answer<unknown>> {
  const { url } = inject('shared');
  const headers = authorization === null ? {} : { authorization };
  return makeApi(url, '').send('GET', '/v1/jobs', undefined, { headers });
}

describe('the key', () => {
  test('is asked for on every path below /v1, known or not', async () => {
    const { url } = inject('shared');
    for (const path of ['/v1/jobs', '/v1/pipelines/x', '/v1/projects', '/v1/nothing']) {
      expectProblem(await makeApi(url, '').send('GET', path), {
        status: 401,
        code: 'unauthenticated',
        at: { '/headers/authorization': /Authorization: Bearer/ },
      });
    }
  });

  test('is refused when it is malformed, unknown, cut short or not a bearer', async () => {
    const { key } = await newTenant();
    const wrong = [
      null,
      'Bearer',
      `Basic ${key}`,
      `Bearer ${key.slice(0, -1)}`,
      `Bearer ${key}x`,
      `Bearer ${key} ${key}`,
      `Bearer psk_${'0'.repeat(20)}_${'x'.repeat(43)}`,
      'Bearer null',
    ];
    for (const authorization of wrong) {
      expectProblem(await bearer(authorization), {
        status: 401,
        code: 'unauthenticated',
        at: { '/headers/authorization': /./ },
      });
    }
    expect((await bearer(`Bearer ${key}`)).status).toBe(200);
    expect((await bearer(`bearer  ${key}`)).status).toBe(200);
  });

  test('is shown once, and opens nothing once it is deleted', async () => {
    const tenant = await newTenant();
    const root = rootApi(tenant.project);
    const made = await newKey(inject('shared'), tenant.project, ['jobs:read']);
    const keys = await root.send<{ data: CreatedKey[] }>('GET', '/v1/api-keys');
    expect(keys.body.data.map(({ id }) => id)).toContain(made.id);
    expect(keys.text).not.toContain(made.key);
    expect(keys.text).not.toContain(made.key.split('_').at(-1));
    expect(keys.text).not.toContain('hash');

    expect((await bearer(`Bearer ${made.key}`)).status).toBe(200);
    const deleted = await root.send('DELETE', `/v1/api-keys/${made.id}`);
    expect(deleted.body).toEqual({ id: made.id, deleted: true });
    expect((await bearer(`Bearer ${made.key}`)).status).toBe(401);
    expectProblem(await root.send('DELETE', `/v1/api-keys/${made.id}`), {
      status: 404,
      code: 'not_found',
      at: { '/path/key_id': new RegExp(made.id) },
    });
  });
});

const NO_BULK = `bulk_${'0'.repeat(32)}`;

type Request = readonly [method: string, path: string, body?: unknown];

/** What each scope opens. The paths' jobs and keys do not exist: 404 means that the door was open. */
const OPENS: Readonly<Record<Scope, readonly Request[]>> = {
  'jobs:read': [
    ['GET', '/v1/jobs'],
    ['GET', `/v1/jobs/job_${'0'.repeat(34)}`],
    ['GET', `/v1/jobs/job_${'0'.repeat(34)}/events`],
    // A stream has no end; this one never begins, because there are no such events.
    ['GET', '/v1/events?types=none'],
    ['GET', '/v1/bulk'],
    ['GET', `/v1/bulk/${NO_BULK}`],
    ['GET', `/v1/files/file_${'0'.repeat(34)}_${'0'.repeat(24)}`],
  ],
  'jobs:write': [
    ['POST', '/v1/jobs', PLAIN],
    ['POST', `/v1/jobs/job_${'0'.repeat(34)}/cancel`],
    ['POST', `/v1/jobs/job_${'0'.repeat(34)}/pause`],
    ['POST', `/v1/jobs/job_${'0'.repeat(34)}/resume`],
    ['POST', `/v1/jobs/job_${'0'.repeat(34)}/events/go`, {}],
    ['POST', `/v1/jobs/job_${'0'.repeat(34)}/rerun`, {}],
    ['POST', `/v1/bulk/${NO_BULK}/abort`],
  ],
  'pipelines:read': [
    ['GET', '/v1/pipelines'],
    ['GET', '/v1/pipelines/plain'],
    ['POST', '/v1/pipelines/plain/validate', plainPipeline('plain')],
    ['POST', '/v1/pipelines/plain/explain', {}],
    ['GET', '/v1/targets'],
    ['GET', '/v1/targets/builtin%2Flanguage-id-1'],
  ],
  'pipelines:write': [['PUT', '/v1/pipelines/plain', plainPipeline('plain')]],
  'files:read': [
    ['GET', '/v1/files'],
    ['GET', `/v1/files/file_${'0'.repeat(32)}`],
    ['GET', `/v1/files/file_${'0'.repeat(32)}/content`],
  ],
  'files:write': [
    ['POST', '/v1/files', { a: 1 }],
    ['DELETE', `/v1/files/file_${'0'.repeat(32)}`],
  ],
  'metrics:read': [
    ['GET', '/v1/metrics/summary'],
    ['GET', '/v1/metrics/timeseries?metric=attempts'],
    ['GET', '/v1/costs'],
    ['GET', '/v1/queues'],
    ['GET', '/metrics'],
  ],
  'webhooks:read': [
    ['GET', '/v1/webhook-endpoints'],
    ['GET', '/v1/webhook-endpoints/whe_0'],
    ['GET', '/v1/webhook-deliveries'],
    ['GET', '/v1/webhook-deliveries/whd_0'],
  ],
  'webhooks:write': [
    ['POST', '/v1/webhook-endpoints', { url: 'http://203.0.113.1/' }],
    ['PATCH', '/v1/webhook-endpoints/whe_0', { description: 'another' }],
    ['DELETE', '/v1/webhook-endpoints/whe_0'],
    ['POST', '/v1/webhook-endpoints/whe_0/rotate-secret', {}],
    ['POST', '/v1/webhook-endpoints/whe_0/pause'],
    ['POST', '/v1/webhook-endpoints/whe_0/resume'],
    ['POST', '/v1/webhook-endpoints/whe_0/test'],
    ['POST', '/v1/webhook-deliveries/redeliver', { endpoint: 'whe_0' }],
    ['POST', '/v1/webhook-deliveries/whd_0/redeliver'],
  ],
  'feedback:read': [
    ['GET', `/v1/jobs/job_${'0'.repeat(34)}/feedback`],
    ['GET', '/v1/feedback/summary'],
  ],
  'feedback:write': [['POST', `/v1/jobs/job_${'0'.repeat(34)}/feedback`, { score: 1 }]],
  'prices:read': [['GET', '/v1/prices']],
  'budgets:read': [
    ['GET', '/v1/budgets'],
    ['GET', '/v1/budgets/bud_0'],
  ],
  'budgets:write': [
    ['POST', '/v1/budgets', { name: 'a', period: 'day', limit_usd: 1, scope: { pipeline: 'no' } }],
    ['PATCH', '/v1/budgets/bud_0', { limit_usd: 1 }],
    ['DELETE', '/v1/budgets/bud_0'],
  ],
  'prices:write': [
    ['PUT', '/v1/prices', { provider: 'openai', model: 'x', prices: { image: '0.04' } }],
    ['DELETE', '/v1/prices/prc_0'],
  ],
  admin: [
    ['GET', '/v1/api-keys'],
    ['POST', '/v1/api-keys', { name: 'another', scopes: ['admin'] }],
    ['DELETE', '/v1/api-keys/key_0'],
    ['GET', '/v1/audit'],
    ['GET', '/v1/webhook-signing-secret'],
  ],
};
/** Opened by `jobs:read` and `jobs:write` together. */
const BOTH: readonly Request[] = [
  ['POST', '/v1/bulk', { action: 'cancel', filter: { pipeline: 'nobody' } }],
];
const ROOT_ONLY: readonly Request[] = [
  ['GET', '/v1/projects'],
  ['POST', '/v1/projects', { name: 'another' }],
  ['PATCH', '/v1/projects/prj_0', { max_concurrent_jobs: 1 }],
  ['POST', '/v1/targets/nobody%2Fx/close', { reason: 'a test' }],
  ['POST', '/v1/targets/nobody%2Fx/open', { reason: 'a test' }],
  ['POST', '/v1/metrics/rebuild', { from: '2026-01-01T00:00:00Z', to: '2026-01-01T01:00:00Z' }],
];

describe('scopes', () => {
  test.each(scopes)('%s opens its doors and no others', async (scope) => {
    const tenant = await newTenant();
    const { key } = await newKey(inject('shared'), tenant.project, [scope]);
    const api = makeApi(tenant.url, key);
    for (const [method, path, body] of OPENS[scope]) {
      const answer = await api.send(method, path, body);
      expect([401, 403], answer.text).not.toContain(answer.status);
    }
    const others = Object.entries({ ...OPENS, root: ROOT_ONLY }).filter(([name]) => name !== scope);
    for (const [needed, requests] of others) {
      for (const [method, path, body] of requests) {
        expectForbidden(await api.send(method, path, body), needed);
      }
    }
  });

  test.each(['jobs:read', 'jobs:write'] as const)(
    '%s alone does not open bulk actions',
    async (scope) => {
      const tenant = await newTenant();
      const { key } = await newKey(inject('shared'), tenant.project, [scope]);
      const needed = scope === 'jobs:read' ? 'jobs:write' : 'jobs:read';
      for (const [method, path, body] of BOTH) {
        expectForbidden(await makeApi(tenant.url, key).send(method, path, body), needed);
      }
    },
  );

  test('together they name every documented request that needs a key, so that none is left out', async () => {
    const { paths: all } = await documentOf(inject('shared').url);
    // What lies outside needs no key: its address is the permission.
    const paths = Object.entries(all).filter(
      ([path]) => path.startsWith('/v1/') || path === '/metrics',
    );
    const documented = paths.flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const tested = [...Object.values(OPENS).flat(), ...BOTH, ...ROOT_ONLY].map(([method, path]) => {
      const [bare = ''] = path.split('?');
      const found = paths.find(([template]) => matches(template, bare));
      return `${method} ${found?.[0]}`;
    });
    expect(new Set(tested)).toEqual(new Set(documented));
  });

  test('a key gives only what it has, and only in its own project', async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    const made = await newKey(inject('shared'), tenant.project, ['admin', 'jobs:read']);
    const admin = makeApi(tenant.url, made.key);
    const ask = (body: object) => admin.send<CreatedKey>('POST', '/v1/api-keys', body);
    const own = await ask({ name: 'reader', scopes: ['jobs:read'] });
    expect([own.status, (await bearer(`Bearer ${own.body.key}`)).status]).toEqual([201, 200]);
    expectProblem(await ask({ name: 'x', scopes: ['jobs:read', 'jobs:write'] }), {
      status: 403,
      code: 'forbidden',
      at: { '/scopes': /jobs:write/ },
    });
    expectProblem(await ask({ name: 'x', scopes: ['jobs:read'], project: other.project }), {
      status: 404,
      code: 'not_found',
      at: { '/project': new RegExp(other.project) },
    });
    const keys = await admin.send<{ data: { project: string }[] }>('GET', '/v1/api-keys');
    expect(new Set(keys.body.data.map(({ project }) => project))).toEqual(
      new Set([tenant.project]),
    );
    const foreign = await newKey(inject('shared'), other.project);
    expect((await admin.send('DELETE', `/v1/api-keys/${foreign.id}`)).status).toBe(404);
    expect((await bearer(`Bearer ${foreign.key}`)).status).toBe(200);
  });
});

function expectForbidden(answer: Answer<unknown>, words: string): void {
  const at = { '/headers/authorization': new RegExp(words) };
  expectProblem(answer, { status: 403, code: 'forbidden', at });
}

describe('projects', () => {
  test('see none of the jobs and pipelines of each other', async () => {
    const [mine, other] = [await newTenant(), await withPlain()];
    const job = await run(other, PLAIN);
    await listedWhen(other, [job.id]);
    expect((await listJobs(mine)).data).toEqual([]);
    expect((await listJobs(mine, `?after=job_${'f'.repeat(34)}`)).data).toEqual([]);
    const pipelines = await mine.send<{ data: object[] }>('GET', '/v1/pipelines');
    expect(pipelines.body.data).toEqual([]);
    expect((await mine.send('GET', '/v1/pipelines/plain')).status).toBe(404);
    expect((await mine.send('POST', '/v1/jobs', PLAIN)).status).toBe(404);
  });

  test('number the versions of their pipelines by themselves', async () => {
    const [one, two] = [await withPlain(), await newTenant()];
    expect(await publish(one, plainPipeline('plain', { description: 'newer' }))).toBe(2);
    expect(await publish(two, plainPipeline('plain'))).toBe(1);
  });

  test('are chosen by the root key with a header', async () => {
    const tenant = await withPlain();
    const { id } = await submit(rootApi(tenant.project), PLAIN);
    expect((await tenant.send('GET', `/v1/jobs/${id}`)).status).toBe(200);
    expect((await rootApi().send('GET', `/v1/jobs/${id}`)).status).toBe(404);
    for (const project of ['prj_nobody', 'nonsense!']) {
      expectProblem(await rootApi(project).send('GET', '/v1/jobs'), {
        status: 404,
        code: 'not_found',
        at: { '/headers/penstock-project': new RegExp(project) },
      });
    }
    // A project's own key cannot be led elsewhere by that header.
    const other = await newTenant();
    const led = makeApi(tenant.url, tenant.key, { 'penstock-project': other.project });
    expect((await led.send('GET', `/v1/jobs/${id}`)).status).toBe(200);
  });

  test('are listed for the root key, page by page', async () => {
    const made = [await newTenant(), await newTenant(), await newTenant()];
    const met: string[] = [];
    let after = '';
    for (;;) {
      const page = await rootApi().send<{ data: { id: string }[]; next_cursor: string | null }>(
        'GET',
        `/v1/projects?limit=2${after}`,
      );
      met.push(...page.body.data.map(({ id }) => id));
      if (page.body.next_cursor === null) break;
      after = `&after=${page.body.next_cursor}`;
    }
    expect(new Set(met).size).toBe(met.length);
    expect(met).toEqual(expect.arrayContaining(made.map(({ project }) => project)));
  });
});
