import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { z } from 'zod';

import type {
  feedbackSchema,
  feedbackSummarySchema,
} from '../../src/services/views/feedback-view.ts';
import { makeApi, newKey, newTenant, type Tenant } from './support/api.ts';
import { cancel, jobWhen, publish, run, submit, type Page } from './support/jobs.ts';
import { chatPipeline, question } from './support/pipelines.ts';
import { expectProblem, type ExpectedProblem } from './support/problem.ts';
import { newModel } from './support/simulator-client.ts';

type Feedback = z.infer<typeof feedbackSchema>;
type Summary = z.infer<typeof feedbackSummarySchema>;

let api: Tenant;
let model: string;
let first: string;
let second: string;

/** A job of each of two versions; the prompt is the same in both, the model is not. */
beforeAll(async () => {
  api = await newTenant();
  model = newModel();
  await publish(api, chatPipeline(model));
  first = (await run(api, question())).id;
  await publish(api, chatPipeline(`${model}-b`));
  second = (await run(api, question())).id;
});

function give(job: string, body: unknown, headers: Record<string, string> = {}) {
  return api.send<Feedback>('POST', `/v1/jobs/${job}/feedback`, body, { headers });
}

async function summary(query = ''): Promise<Summary> {
  const answer = await api.send<Summary>('GET', `/v1/feedback/summary${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

test('feedback is taken, listed with its job, and counted by version, model and prompt', async () => {
  const given = await give(first, { score: 1, label: 'good', comment: 'Right!', user: 'u1' });
  expect(given.status, given.text).toBe(201);
  expect(given.body).toMatchObject({
    job_id: first,
    pipeline: 'asks',
    version: 1,
    step: null,
    score: 1,
    label: 'good',
    comment: 'Right!',
    user: 'u1',
    models: [`openai/${model}`],
    prompts: [expect.stringMatching(/^ask:[0-9a-f]{12}$/)],
  });
  await give(first, { score: 0.5, step: 'ask' });
  await give(second, { score: 0, label: 'wrong' });
  await give(second, { label: 'wrong' });

  const listed = await api.send<Page<Feedback>>('GET', `/v1/jobs/${first}/feedback`);
  expect(listed.body.data.map(({ score }) => score)).toEqual([1, 0.5]);
  expect(listed.body.data[0]).toEqual(given.body);

  const all = await summary();
  expect(all.data).toEqual([
    {
      pipeline: 'asks',
      group: 'asks',
      count: 4,
      score: { count: 3, mean: 0.5, min: 0, max: 1 },
      comments: 1,
      labels: { wrong: 2, good: 1 },
    },
  ]);
  const byVersion = await summary('?group_by=version&pipeline=asks');
  expect(byVersion.data.map(({ group, count, score }) => [group, count, score.mean])).toEqual([
    ['asks@1', 2, 0.75],
    ['asks@2', 2, 0],
  ]);
  const byModel = await summary('?group_by=model');
  expect(byModel.data.map(({ group, score }) => [group, score.mean])).toEqual([
    [`openai/${model}`, 0.75],
    [`openai/${model}-b`, 0],
  ]);
  const byPrompt = await summary('?group_by=prompt');
  expect(byPrompt.data.map(({ count }) => count)).toEqual([4]);
  expect((await summary('?pipeline=asks@2')).data[0]).toMatchObject({ count: 2 });
  expect((await summary('?to=2026-01-01T00:00:00Z')).data).toEqual([]);
});

test('the same key says the same once, and something else never', async () => {
  const { id } = await run(api, question());
  const headers = { 'idempotency-key': 'once' };
  const both = await Promise.all([
    give(id, { score: 1 }, headers),
    give(id, { score: 1 }, headers),
  ]);
  expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 201]));
  expect(both[0].body).toEqual(both[1].body);
  const again = await give(id, { score: 1 }, headers);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expectProblem(await give(id, { score: 0 }, headers), {
    status: 422,
    code: 'idempotency_key_reused',
    at: { '/headers/idempotency-key': /send the same again/ },
  });
  // The same key of another job is another one.
  expect((await give(first, { score: 1 }, headers)).status).toBe(201);
  const listed = await api.send<Page<Feedback>>('GET', `/v1/jobs/${id}/feedback`);
  expect(listed.body.data).toHaveLength(1);
});

describe('what cannot be taken is refused with a reason', () => {
  test.each([
    [{}, '', /a score, a label or a comment/],
    [{ step: 'ask' }, '', /a score, a label or a comment/],
    [{ score: 2 }, '/score', /from 0 \(bad\) to 1/],
    [{ score: -0.1 }, '/score', /from 0 \(bad\) to 1/],
    [{ label: 'Two Words' }, '/label', /lower-case letters/],
    [{ score: 1, stars: 5 }, '/stars', /not a known field/],
    [{ score: 1, step: 'nothing' }, '/step', /its steps are ask/],
    [{ comment: '' }, '/comment', /at least 1|empty|1 character/],
  ])('%j', async (body, pointer, words) => {
    const at = { [pointer]: words };
    expectProblem(await give(first, body), { status: 400, code: 'invalid_request', at });
  });

  test('for a job that is not there, or not over', async () => {
    const absent = { status: 404, code: 'not_found', at: { '/path/job_id': /no job/ } };
    expectProblem(await give('job_x', { score: 1 }), absent);
    const other = await newTenant();
    const path = `/v1/jobs/${first}/feedback`;
    expectProblem(await other.send('POST', path, { score: 1 }), absent);
    expectProblem(await other.send('GET', path), absent);
    await publish(api, {
      name: 'waits',
      steps: [{ id: 'w', uses: 'wait', with: { event: 'go' } }],
    });
    const { id } = await submit(api, { pipeline: 'waits', input: {} });
    await jobWhen(api, id, ({ status }) => status === 'waiting');
    expectProblem(await give(id, { score: 1 }), {
      status: 409,
      code: 'conflict',
      at: { '/path/job_id': /waiting; feedback is taken once it is over/ },
    });
    await cancel(api, id);
    await jobWhen(api, id, ({ terminal }) => terminal);
    expect((await give(id, { score: 1 })).status).toBe(201);
  });

  test('without the scope', async () => {
    const place = inject('shared');
    const reader = await newKey(place, api.project, ['feedback:read']);
    const weak = makeApi(place.url, reader.key);
    const path = `/v1/jobs/${first}/feedback`;
    expectProblem(await weak.send('POST', path, { score: 1 }), lacking('feedback:write'));
    expect((await weak.send('GET', path)).status).toBe(200);
    const writer = await newKey(place, api.project, ['feedback:write']);
    const mute = makeApi(place.url, writer.key);
    expectProblem(await mute.send('GET', path), lacking('feedback:read'));
    expectProblem(await mute.send('GET', '/v1/feedback/summary'), lacking('feedback:read'));
  });

  test.each([
    ['?group_by=comment', '/query/group_by', /one of pipeline, version/],
    ['?from=yesterday', '/query/from', /a time such as/],
    ['?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', '/query/from', /earlier than/],
    ['?from=2020-01-01T00:00:00Z', '/query/from', /366 days/],
    ['?pipeline=a@b', '/query/pipeline', /a name/],
    ['?window=0h', '/query/window', /500ms, 30s/],
    ['?window=1h&from=2026-02-01T00:00:00Z', '/query/window', /not both/],
    ['?model=gpt', '/query/model', /not a known field/],
  ])('a summary %s', async (query, pointer, words) => {
    const answer = await api.send('GET', `/v1/feedback/summary${query}`);
    const at = { [pointer]: words };
    expectProblem(answer, { status: 400, code: 'invalid_request', at });
  });
});

function lacking(scope: string): ExpectedProblem {
  return {
    status: 403,
    code: 'forbidden',
    at: { '/headers/authorization': new RegExp(`lacks the scope ${scope}`) },
  };
}
