import { randomUUID } from 'node:crypto';
import { expect, inject, test } from 'vitest';

import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import { newKey, newTenant, makeApi, type Tenant } from './support/api.ts';
import { ended, eventsOf, publish, readJob, run, submit, typesOf } from './support/jobs.ts';
import { openai, type Definition } from './support/pipelines.ts';
import { PLAIN, withPlain } from './support/plain.ts';
import { expectProblem } from './support/problem.ts';
import { addRules, callsOf, newModel } from './support/simulator-client.ts';

function ask(model: string, content: string) {
  return {
    uses: 'model.chat',
    route: openai(model),
    with: { messages: [{ role: 'user', content }] },
    retry: { base_delay: '1ms' },
  };
}

/** Asks one model, then another one about the answer. */
function twoModels(first: string, second: string, more: object = {}): Definition {
  return {
    name: 'two',
    input: { schema: { type: 'object', required: ['question'], properties: { question: {} } } },
    steps: [
      { id: 'draft', ...ask(first, '${{ input.question }}') },
      {
        id: 'size',
        uses: 'data.compose',
        if: '${{ steps.draft.output.text != "" }}',
        with: { value: 1 },
      },
      { id: 'polish', ...ask(second, 'Better: ${{ steps.draft.output.text }}'), needs: ['size'] },
    ],
    output: { draft: '${{ steps.draft.output.text }}', text: '${{ steps.polish.output.text }}' },
    ...more,
  };
}

type Two = {
  readonly api: Tenant;
  readonly first: string;
  readonly second: string;
  readonly job: JobView;
};

/** A job of two models that is over. */
async function overTwo(): Promise<Two> {
  const [first, second] = [newModel(), newModel()];
  await addRules(
    { match: { model: first }, reply: { text: 'a draft' } },
    { match: { model: second }, times: 1, reply: { text: 'once' } },
    { match: { model: second }, reply: { text: 'again' } },
  );
  const api = await newTenant();
  await publish(api, twoModels(first, second));
  const job = await run(api, {
    pipeline: 'two',
    input: { question: 'What?' },
    tags: ['kept'],
    metadata: { who: 'me' },
  });
  expect(job.status, JSON.stringify(job.steps)).toBe('succeeded');
  return { api, first, second, job };
}

function rerun(api: Tenant, id: string, body: object = {}, headers: Record<string, string> = {}) {
  return api.send<JobView>('POST', `/v1/jobs/${id}/rerun`, body, { headers });
}

test('a rerun from a step takes over what was before it, and calls no provider for it', async () => {
  const { api, first, second, job } = await overTwo();
  const answer = await rerun(api, job.id, { from_step: 'polish' });
  expect(answer.status, answer.text).toBe(202);
  expect(answer.headers.get('location')).toBe(`/v1/jobs/${answer.body.id}`);
  const again = await ended(api, answer.body.id);
  expect(again).toMatchObject({
    status: 'succeeded',
    rerun_of: { job_id: job.id, from_step: 'polish' },
    output: { draft: 'a draft', text: 'again' },
    tags: ['kept'],
    metadata: { who: 'me' },
    version: 1,
  });
  expect(again.steps.map(({ id, reused, attempts }) => [id, reused, attempts.length])).toEqual([
    ['draft', true, 0],
    ['size', true, 0],
    ['polish', false, 1],
  ]);
  expect(again.steps[0]?.cost.nano_usd).toBe(0);
  expect([(await callsOf(first)).length, (await callsOf(second)).length]).toEqual([1, 2]);
  const events = await eventsOf(api, again.id);
  expect(typesOf(events).slice(0, 3)).toEqual(['job.queued', 'step.succeeded', 'step.succeeded']);
  expect(events[1]?.data).toMatchObject({ reused: true });
  expect((await readJob(api, job.id)).rerun_of).toBeNull();
});

test('a rerun of a rerun takes over what the first one took over', async () => {
  const { api, first, job } = await overTwo();
  const once = await ended(api, (await rerun(api, job.id, { from_step: 'polish' })).body.id);
  const twice = await ended(api, (await rerun(api, once.id, { from_step: 'polish' })).body.id);
  expect(twice).toMatchObject({ status: 'succeeded', output: { draft: 'a draft' } });
  expect(await callsOf(first)).toHaveLength(1);
});

test('a rerun without a step runs everything, with another input and version if wanted', async () => {
  const { api, first, second, job } = await overTwo();
  await publish(
    api,
    twoModels(first, second, { output: { only: '${{ steps.polish.output.text }}' } }),
  );
  const waited = await rerun(
    api,
    job.id,
    { version: 2, input: { question: 'Else?' }, tags: ['new'], metadata: {} },
    { prefer: 'wait=30' },
  );
  expect(waited.status, waited.text).toBe(200);
  expect(waited.body).toMatchObject({
    status: 'succeeded',
    version: 2,
    output: { only: 'again' },
    rerun_of: { job_id: job.id, from_step: null },
    tags: ['new'],
    metadata: {},
  });
  expect(waited.body.steps.some(({ reused }) => reused)).toBe(false);
  expect(await callsOf(first)).toHaveLength(2);
});

test('the same rerun under the same key makes one job', async () => {
  const { api, second, job } = await overTwo();
  const headers = { 'idempotency-key': randomUUID() };
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => rerun(api, job.id, { from_step: 'polish' }, headers)),
  );
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
  await ended(api, answers[0]?.body.id ?? '');
  expect(await callsOf(second)).toHaveLength(2);
  expectProblem(await rerun(api, job.id, {}, headers), {
    status: 422,
    code: 'idempotency_key_reused',
    at: { '/headers/idempotency-key': /different request/ },
  });
});

test('a map that is taken over lies in the new job as one list', async () => {
  const api = await newTenant();
  const each = { uses: 'data.compose', with: { value: '${{ item }}' } };
  const maps: Definition = {
    name: 'maps',
    steps: [
      { id: 'copy', ...each, for_each: '${{ input.items }}' },
      { id: 'again', ...each, for_each: '${{ steps.copy.output }}', needs: ['copy'] },
      { id: 'last', uses: 'data.compose', with: { value: '${{ steps.copy.output }}' } },
      { id: 'end', uses: 'data.compose', with: { value: 1 }, needs: ['again', 'last'] },
    ],
    output: { mapped: '${{ steps.again.output }}', whole: '${{ steps.last.output }}' },
  };
  await publish(api, maps);
  // Together they are too large for a row of the shard.
  const items = Array.from({ length: 12 }, (_, index) => `${index} ${'x'.repeat(30_000)}`);
  const job = await run(api, { pipeline: 'maps', input: { items } });
  expect(job.status, JSON.stringify(job.status_reason)).toBe('succeeded');
  for (const step of ['again', 'last', 'end']) {
    const again = await ended(api, (await rerun(api, job.id, { from_step: step })).body.id);
    expect(again.status, JSON.stringify(again.status_reason)).toBe('succeeded');
    expect(again.output).toEqual({ mapped: items, whole: items });
    expect(again.steps[0]).toMatchObject({ id: 'copy', reused: true, items: null });
  }
});

test('a rerun is compared with the job that it runs again', async () => {
  const { api, job } = await overTwo();
  const again = await ended(api, (await rerun(api, job.id, { from_step: 'polish' })).body.id);
  const { comparison } = await readJob(api, again.id, '?compare=true');
  expect(comparison).toMatchObject({
    with: job.id,
    note: null,
    output: { equal: false, differences: [{ pointer: '/text', kind: 'changed' }] },
    cost: { before_nano_usd: job.cost.nano_usd, after_nano_usd: again.cost.nano_usd },
  });
  expect(comparison?.steps).toMatchObject([
    { id: 'draft', reused: true, output_equal: true },
    { id: 'size', reused: true, output_equal: true },
    { id: 'polish', reused: false, output_equal: false },
  ]);
  const refused = await api.send('GET', `/v1/jobs/${job.id}?compare=true`);
  expectProblem(refused, {
    status: 409,
    code: 'conflict',
    at: { '/query/compare': /not a rerun/ },
  });
});

test('a job that failed runs again from the step that failed', async () => {
  const { api, first, second, job } = await overTwo();
  const broken = newModel();
  await addRules({ match: { model: broken }, times: 1, fault: { status: 400 } });
  await addRules({ match: { model: broken }, reply: { text: 'mended' } });
  await publish(api, twoModels(first, broken));
  const failed = await run(api, { pipeline: 'two', input: { question: 'What?' } });
  expect(failed.status).toBe('failed');
  const again = await ended(api, (await rerun(api, failed.id, { from_step: 'polish' })).body.id);
  expect(again).toMatchObject({ status: 'succeeded', output: { text: 'mended' } });
  expect([await callsOf(first), await callsOf(second)].map(({ length }) => length)).toEqual([2, 1]);
  expect(job.status).toBe('succeeded');
});

test('what cannot be run again is refused with the reason, and nothing is created', async () => {
  const { api, job } = await overTwo();
  const broken = newModel();
  await addRules({ match: { model: broken }, fault: { status: 400 } });
  await publish(api, twoModels(broken, broken));
  const failed = await run(api, { pipeline: 'two', input: { question: 'What?' } });
  const strict = { type: 'object', required: ['topic'], properties: { topic: { type: 'string' } } };
  await publish(api, twoModels(broken, broken, { input: { schema: strict } }));
  const nobody = `job_${'0'.repeat(34)}`;
  expectProblem(await rerun(api, nobody), {
    status: 404,
    code: 'not_found',
    at: { '/path/job_id': /no job/ },
  });
  expectProblem(await rerun(await newTenant(), job.id), {
    status: 404,
    code: 'not_found',
    at: { '/path/job_id': /no job/ },
  });
  expectProblem(await rerun(api, job.id, { from_step: 'nowhere' }), {
    status: 409,
    code: 'conflict',
    at: { '/from_step': /draft, size, polish/ },
  });
  expectProblem(await rerun(api, failed.id, { from_step: 'polish' }), {
    status: 409,
    code: 'conflict',
    at: { '/from_step': /never ran.*the steps that ran are draft/ },
  });
  expectProblem(await rerun(api, job.id, { version: 9 }), {
    status: 404,
    code: 'pipeline_not_found',
    at: { '/version': /no version 9/ },
  });
  expectProblem(await rerun(api, job.id, { version: 3 }), {
    status: 422,
    code: 'input_invalid',
    at: { '/input/topic': /./ },
  });
  expectProblem(await rerun(api, job.id, { colour: 'red' }), {
    status: 400,
    code: 'invalid_request',
    at: { '/colour': /./ },
  });
  const place = inject('shared');
  const reader = await newKey(place, api.project, ['jobs:read']);
  const answer = await makeApi(place.url, reader.key).send('POST', `/v1/jobs/${job.id}/rerun`, {});
  expect(answer.status).toBe(403);
  const { body } = await api.send<{ data: JobView[] }>('GET', '/v1/jobs?limit=100');
  expect(body.data.length).toBeLessThanOrEqual(2);
});

test('a job that is not over cannot be run again', async () => {
  const model = newModel();
  await addRules({ match: { model }, fault: { hang: true } });
  const api = await newTenant();
  await publish(api, twoModels(model, model));
  const job = await submit(
    api,
    { pipeline: 'two', input: { question: 'What?' } },
    { 'cancel-after': '5s' },
  );
  expect(job.cancel_at).toBe(new Date(Date.parse(job.created_at) + 5_000).toISOString());
  expectProblem(await rerun(api, job.id), {
    status: 409,
    code: 'conflict',
    at: { '/path/job_id': /wait until it is over, or cancel it/ },
  });
  const over = await ended(api, job.id, 60_000);
  expect(over).toMatchObject({
    status: 'cancelled',
    status_reason: { message: expect.stringContaining('cancel-after') },
  });
});

test.each(['soon', '500ms', '31d'])('a Cancel-After of %s is refused', async (text) => {
  const api = await withPlain();
  const answer = await api.send('POST', '/v1/jobs', PLAIN, { headers: { 'cancel-after': text } });
  expectProblem(answer, {
    status: 400,
    code: 'invalid_request',
    at: {
      '/headers/cancel-after': text === 'soon' ? /whole number and a unit/ : /between 1s and 30d/,
    },
  });
});

test('a Cancel-After is part of what was sent under a key', async () => {
  const api = await withPlain();
  const send = (more: Record<string, string>) =>
    api.send('POST', '/v1/jobs', PLAIN, { headers: { 'idempotency-key': 'one', ...more } });
  expect((await send({ 'cancel-after': '1h' })).status).toBe(202);
  expect((await send({ 'cancel-after': '1h' })).status).toBe(200);
  expect((await send({})).status).toBe(422);
});
