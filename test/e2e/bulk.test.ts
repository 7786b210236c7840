import { afterAll, beforeAll, expect, test } from 'vitest';

import type { BulkView } from '../../src/services/views/bulk-view.ts';
import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import { newTenant, type Api, type Tenant } from './support/api.ts';
import {
  ended,
  listedWhen,
  listJobs,
  publish,
  readJob,
  submit,
  type Page,
} from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { chatPipeline, plainPipeline, question } from './support/pipelines.ts';
import { PLAIN } from './support/plain.ts';
import { expectProblem } from './support/problem.ts';
import { newModel } from './support/simulator-client.ts';
import { until } from './support/until.ts';

let server: OwnServer;
beforeAll(async () => {
  server = await startOwnServer();
});
afterAll(() => server.close());

/** A project with so many plain jobs that are over and listed. */
async function withJobs(count: number): Promise<{ api: Tenant; ids: readonly string[] }> {
  const api = await newTenant(server);
  await publish(api, plainPipeline('plain'));
  const jobs = await Promise.all(
    Array.from({ length: count }, () => submit(api, { ...PLAIN, tags: ['first'] })),
  );
  const ids = jobs.map(({ id }) => id);
  for (const id of ids) await ended(api, id);
  await listedWhen(api, ids, '?limit=100&status=succeeded');
  return { api, ids };
}

function bulk(api: Api, body: object, headers: Record<string, string> = {}) {
  return api.send<BulkView>('POST', '/v1/bulk', body, { headers });
}

async function readBulk(api: Api, id: string): Promise<BulkView> {
  const answer = await api.send<BulkView>('GET', `/v1/bulk/${id}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

async function bulkOver(api: Api, id: string): Promise<BulkView> {
  return until(`${id} to be over`, async () => {
    const now = await readBulk(api, id);
    return now.status !== 'running' && now;
  });
}

/** The jobs that a project has beyond these, once there are so many. */
async function rerunsOf(api: Api, ids: readonly string[], count: number): Promise<JobView[]> {
  const fresh = await until(`${count} reruns in the list`, async () => {
    const { data } = await listJobs(api, '?limit=100&status=succeeded');
    const others = data.map(({ id }) => id).filter((id) => !ids.includes(id));
    return others.length >= count && others;
  });
  return Promise.all(fresh.map((id) => readJob(api, id)));
}

test('a rerun of many makes one job for each, and a repetition under its key makes none', async () => {
  const { api, ids } = await withJobs(5);
  const body = { action: 'rerun', filter: { tag: 'first' }, rate_per_second: 100 };
  const headers = { 'idempotency-key': 'tonight' };
  const started = await bulk(api, body, headers);
  expect(started.status, started.text).toBe(202);
  expect(started.headers.get('location')).toBe(`/v1/bulk/${started.body.id}`);
  const over = await bulkOver(api, started.body.id);
  expect(over).toMatchObject({
    status: 'succeeded',
    counts: { matched: 5, done: 5, skipped: 0, failed: 0 },
    failures: [],
    rerun: { from_step: null, version: null },
  });
  const again = await bulk(api, body, headers);
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
  expect(again.body).toEqual(over);
  expectProblem(await bulk(api, { ...body, dry_run: true }, headers), {
    status: 422,
    code: 'idempotency_key_reused',
    at: { '/headers/idempotency-key': /different request/ },
  });
  const reruns = await rerunsOf(api, ids, 5);
  expect(reruns.map((job) => String(job.rerun_of?.job_id)).toSorted()).toEqual(ids.toSorted());
  expect(new Set(reruns.map((job) => job.request_id))).toEqual(new Set([over.request_id]));
});

test('a kill in the middle loses no job and makes none twice', async () => {
  const { api, ids } = await withJobs(12);
  const { body } = await bulk(api, {
    action: 'rerun',
    filter: { tag: 'first' },
    rate_per_second: 4,
  });
  await until('the first reruns', async () => (await readBulk(api, body.id)).counts.done >= 2);
  server.crash();
  await server.restart();
  const over = await bulkOver(api, body.id);
  expect(over.counts).toEqual({ matched: 12, done: 12, skipped: 0, failed: 0 });
  const reruns = await rerunsOf(api, ids, 12);
  expect(reruns.map((job) => String(job.rerun_of?.job_id)).toSorted()).toEqual(ids.toSorted());
}, 120_000);

test('a dry run counts and does nothing; a limit holds', async () => {
  const { api, ids } = await withJobs(3);
  const filter = { pipeline: 'plain@1', status: 'succeeded' };
  const dry = await bulk(api, { action: 'rerun', filter, dry_run: true });
  expect(await bulkOver(api, dry.body.id)).toMatchObject({
    dry_run: true,
    counts: { matched: 3, done: 0, skipped: 0, failed: 0 },
  });
  const limited = await bulk(api, { action: 'rerun', filter, limit: 1, rate_per_second: 100 });
  expect((await bulkOver(api, limited.body.id)).counts).toMatchObject({ matched: 1, done: 1 });
  expect(await rerunsOf(api, ids, 1)).toHaveLength(1);
  const { body } = await api.send<Page<BulkView>>('GET', '/v1/bulk?limit=1');
  expect([body.data[0]?.id, body.has_more, body.data[0]?.status]).toEqual([
    limited.body.id,
    true,
    'succeeded',
  ]);
  const rest = await api.send<Page<BulkView>>('GET', `/v1/bulk?after=${body.next_cursor}`);
  expect(rest.body.data.map(({ id }) => id)).toEqual([dry.body.id]);
});

test('an abort ends it before the next job; what is done stays', async () => {
  const { api, ids } = await withJobs(6);
  const { body } = await bulk(api, {
    action: 'rerun',
    filter: { tag: 'first' },
    rate_per_second: 1,
  });
  await until('the first rerun', async () => (await readBulk(api, body.id)).counts.done >= 1);
  const abort = () => api.send<BulkView>('POST', `/v1/bulk/${body.id}/abort`);
  const aborted = await abort();
  expect(aborted.body.status).toBe('aborted');
  expect((await abort()).body).toEqual(await readBulk(api, body.id));
  const { counts } = await readBulk(api, body.id);
  expect(counts.done).toBeLessThan(6);
  expect(await rerunsOf(api, ids, counts.done)).toHaveLength(counts.done);
});

test('a cancel of many stops those that run and skips the others', async () => {
  const model = newModel();
  server.simulator.addRules({ match: { model }, fault: { hang: true } });
  const api = await newTenant(server);
  await publish(api, plainPipeline('plain'));
  await publish(api, chatPipeline(model));
  const done = await submit(api, { ...PLAIN, tags: ['batch'] });
  await ended(api, done.id);
  const running = await Promise.all(
    Array.from({ length: 3 }, () => submit(api, { ...question(), tags: ['batch'] })),
  );
  await listedWhen(api, [done.id, ...running.map(({ id }) => id)]);
  await listedWhen(api, [done.id], '?limit=100&status=succeeded');
  const { body } = await bulk(api, {
    action: 'cancel',
    filter: { tag: 'batch' },
    rate_per_second: 100,
  });
  expect((await bulkOver(api, body.id)).counts).toEqual({
    matched: 4,
    done: 3,
    skipped: 1,
    failed: 0,
  });
  for (const { id } of running) {
    expect(['cancelling', 'cancelled']).toContain((await readJob(api, id)).status);
  }
  expect((await readJob(api, done.id)).status).toBe('succeeded');
});

test('jobs that cannot be run again are named with the reason', async () => {
  const { api } = await withJobs(2);
  const { body } = await bulk(api, {
    action: 'rerun',
    filter: { tag: 'first' },
    rerun: { from_step: 'nowhere' },
  });
  const over = await bulkOver(api, body.id);
  expect(over.counts).toEqual({ matched: 2, done: 0, skipped: 0, failed: 2 });
  expect(over.failures).toHaveLength(2);
  expect(over.failures[0]).toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('has no step'),
  });
});

test('a filter that says nothing, or finds nothing, creates nothing', async () => {
  const { api } = await withJobs(1);
  const cases = [
    [{}, '/filter', /no condition/],
    [{ status: [] }, '/filter/status', /./],
    [{ status: 'done' }, '/filter/status', /"done" is not a status; there are queued/],
    [{ tag: 'nobody-has-this' }, '/filter', /no job matches/],
    [{ created_after: '2100-01-01T00:00:00Z' }, '/filter', /no job matches/],
  ] as const;
  for (const [filter, pointer, words] of cases) {
    const answer = await bulk(api, { action: 'cancel', filter });
    const malformed = answer.status === 400;
    expectProblem(answer, {
      status: malformed ? 400 : 422,
      code: malformed ? 'invalid_request' : 'unprocessable',
      at: { [pointer]: words },
    });
  }
  const misplaced = await bulk(api, { action: 'cancel', filter: { tag: 'first' }, rerun: {} });
  expectProblem(misplaced, { status: 400, code: 'invalid_request', at: { '/rerun': /only/ } });
  const other = await newTenant(server);
  const elsewhere = await bulk(other, { action: 'rerun', filter: { tag: 'first' } });
  expect(elsewhere.status).toBe(422);
  const nobody = await api.send('GET', `/v1/bulk/bulk_${'0'.repeat(32)}`);
  expectProblem(nobody, { status: 404, code: 'not_found', at: { '/path/bulk_id': /no bulk/ } });
  const { body } = await api.send<Page<BulkView>>('GET', '/v1/bulk');
  expect(body.data).toEqual([]);
});
