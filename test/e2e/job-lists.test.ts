import { expect, test } from 'vitest';

import type { ListedJobView } from '../../src/services/views/jobs/job-schema.ts';
import { newTenant, type Tenant } from './support/api.ts';
import { ended, listedWhen, listJobs, publish, run, submit } from './support/jobs.ts';
import { chatPipeline, plainPipeline, question } from './support/pipelines.ts';
import { PLAIN, withPlain } from './support/plain.ts';
import { addRules, newModel } from './support/simulator-client.ts';
import { until } from './support/until.ts';

/** Submits jobs one after the other and gives their ids, newest first, as lists show them. */
async function submitInTurn(api: Tenant, bodies: readonly object[]): Promise<string[]> {
  const ids: string[] = [];
  for (const body of bodies) ids.unshift((await submit(api, body)).id);
  return ids;
}

const over = ({ terminal }: ListedJobView): boolean => terminal;
const idsOf = (jobs: readonly ListedJobView[]): string[] => jobs.map(({ id }) => id);

test('a list shows the jobs of its project, newest first, as they ended', async () => {
  const api = await withPlain();
  const bodies = ['a', 'b', 'c'].map((tag) => ({ ...PLAIN, tags: [tag], metadata: { tag } }));
  const ids = await submitInTurn(api, bodies);
  const jobs = await listedWhen(api, ids, '', over);
  expect(idsOf(jobs)).toEqual(ids);
  const [newest] = jobs;
  const job = await ended(api, newest?.id ?? '');
  expect(job).toMatchObject(newest ?? {});
});

test('pages meet every job once, also while jobs are being added', async () => {
  const api = await withPlain();
  const ids = await submitInTurn(
    api,
    Array.from({ length: 7 }, () => PLAIN),
  );
  await listedWhen(api, ids);
  const met: string[] = [];
  let query = '?limit=3';
  for (;;) {
    const page = await listJobs(api, query);
    met.push(...idsOf(page.data));
    expect(page.has_more).toBe(page.next_cursor !== null);
    if (page.next_cursor === null) break;
    expect(page.data).toHaveLength(3);
    query = `?limit=3&after=${page.next_cursor}`;
    await submit(api, PLAIN);
  }
  expect(met).toEqual(ids);
});

test('each filter shows what it says and nothing else', async () => {
  const api = await newTenant();
  const broken = newModel();
  await addRules({ match: { model: broken }, fault: { status: 400 } });
  await publish(api, plainPipeline('plain'));
  await publish(api, chatPipeline(broken));
  const first = await run(api, { ...PLAIN, tags: ['red', 'small'] });
  await publish(api, plainPipeline('plain', { description: 'the second version' }));
  const second = await run(api, { ...PLAIN, tags: ['red'] });
  const failed = await run(api, { ...question(), tags: ['blue'] });
  await listedWhen(api, [failed.id, second.id, first.id], '', over);

  const shown = async (query: string) => idsOf((await listJobs(api, query)).data);
  expect(await shown('?status=succeeded')).toEqual([second.id, first.id]);
  expect(await shown('?status=failed')).toEqual([failed.id]);
  expect(await shown('?status=failed,succeeded')).toEqual([failed.id, second.id, first.id]);
  expect(await shown('?status=running')).toEqual([]);
  expect(await shown('?pipeline=plain')).toEqual([second.id, first.id]);
  expect(await shown('?pipeline=plain@1')).toEqual([first.id]);
  expect(await shown('?pipeline=plain&version=2')).toEqual([second.id]);
  expect(await shown('?pipeline=nobody')).toEqual([]);
  expect(await shown('?tag=red')).toEqual([second.id, first.id]);
  expect(await shown('?tag=red&pipeline=plain@1')).toEqual([first.id]);
  expect(await shown('?tag=red&limit=1')).toEqual([second.id]);
  expect(await shown(`?tag=red&after=${second.id}`)).toEqual([first.id]);
  expect(await shown(`?created_after=${second.created_at}`)).toEqual([failed.id, second.id]);
  expect(await shown(`?created_before=${second.created_at}`)).toEqual([first.id]);
  const window = `?created_after=${second.created_at}&created_before=${failed.created_at}`;
  expect(await shown(window)).toEqual([second.id]);
});

test('jobs that wait are found by what they wait for, and no more once they are over', async () => {
  const api = await newTenant();
  const busy = newModel();
  await addRules({ match: { model: busy }, fault: { status: 429, retry_after: 600 } });
  await publish(api, plainPipeline('plain'));
  await publish(api, chatPipeline(busy, { retry: { base_delay: '10m', max_delay: '1h' } }));
  const done = await run(api, PLAIN);
  const waits = await submit(api, question());
  const shown = async (kinds: string) =>
    (await listJobs(api, `?waiting_on=${kinds}`)).data.map(({ id, waiting_on: on }) => [
      id,
      on?.kind,
    ]);
  const found = await until('the list shows the wait', async () => {
    const rows = await shown('rate_limit,retry_backoff');
    return rows.length > 0 && rows;
  });
  expect(found).toEqual([[waits.id, 'rate_limit']]);
  expect(await shown('runner,timer')).toEqual([]);
  await api.send('POST', `/v1/jobs/${waits.id}/cancel`);
  await until('the list shows the end', async () => (await shown('rate_limit')).length === 0);
  const [newest] = await listedWhen(api, [waits.id, done.id], '', over);
  expect(newest?.waiting_on).toBeNull();
});

test('a filter that makes no sense is refused with what it may be', async () => {
  const api = await newTenant();
  const refusal = async (query: string) => {
    const answer = await api.send<{ errors: { pointer: string; message: string }[] }>(
      'GET',
      `/v1/jobs?${query}`,
    );
    expect(answer.status, answer.text).toBe(400);
    return answer.body.errors.map(({ pointer, message }) => `${pointer} ${message}`).join('\n');
  };
  expect(await refusal('status=done')).toMatch(/^\/query\/status .*succeeded/);
  expect(await refusal('waiting_on=godot')).toMatch(/^\/query\/waiting_on .*retry_backoff/);
  expect(await refusal('created_after=yesterday')).toMatch(/^\/query\/created_after .*2026-/);
  expect(await refusal('after=7')).toMatch(/^\/query\/after .*next_cursor/);
  expect(await refusal('limit=1000')).toMatch(/^\/query\/limit .*100/);
  expect(await refusal('version=first')).toMatch(/^\/query\/version .*whole number/);
  expect(await refusal('pipeline=plain@newest')).toMatch(/^\/query\/pipeline .*digest@3/);
});
