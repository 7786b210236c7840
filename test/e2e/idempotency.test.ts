import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';

import { newTenant } from './support/api.ts';
import { ended, eventsOf, listedWhen, post, publish, typesOf } from './support/jobs.ts';
import { chatPipeline, plainPipeline, question } from './support/pipelines.ts';
import { PLAIN, withPlain } from './support/plain.ts';
import { expectProblem } from './support/problem.ts';
import { addRules, callsOf, newModel } from './support/simulator-client.ts';

const TAGGED = { ...PLAIN, tags: ['x'], metadata: { a: '1' } };

test('a repeated submit finds the same job and says so', async () => {
  const api = await withPlain();
  const headers = { 'idempotency-key': randomUUID() };
  const first = await post(api, TAGGED, headers);
  expect(first.status).toBe(202);
  expect(first.headers.get('idempotency-replayed')).toBeNull();
  // The same request in another order of its fields.
  const { metadata, tags, input, pipeline } = TAGGED;
  const again = await post(api, { metadata, tags, input, pipeline }, headers);
  expect(again.status).toBe(200);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.headers.get('location')).toBe(first.headers.get('location'));
  expect(again.body.id).toBe(first.body.id);
  await ended(api, first.body.id);
  expect((await post(api, TAGGED, headers)).body).toMatchObject({
    id: first.body.id,
    status: 'succeeded',
    output: { text: 'words' },
  });
});

test('twenty submits at once under one key make one job', async () => {
  const api = await withPlain();
  const headers = { 'idempotency-key': 'the-same' };
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(api, TAGGED, headers)));
  const ids = new Set(answers.map(({ body }) => body.id));
  expect(ids.size).toBe(1);
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
  const replayed = answers.filter((answer) => answer.headers.has('idempotency-replayed'));
  expect(replayed.map(({ status }) => status)).toEqual(Array(19).fill(200));
  const [id = ''] = ids;
  await ended(api, id);
  expect(typesOf(await eventsOf(api, id)).filter((type) => type === 'job.queued')).toHaveLength(1);
  await listedWhen(api, [id]);
});

test('another request under a used key is refused, whatever differs', async () => {
  const api = await withPlain();
  await publish(api, plainPipeline('other'));
  const headers = { 'idempotency-key': 'order-1' };
  const first = await post(api, TAGGED, headers);
  const others = [
    { ...TAGGED, input: { text: 'other words' } },
    { ...TAGGED, pipeline: 'other' },
    { ...TAGGED, tags: [] },
    { ...TAGGED, metadata: { a: '2' } },
    { ...TAGGED, timeouts: { job: '1m' } },
  ];
  for (const body of others) {
    expectProblem(await post(api, body, headers), {
      status: 422,
      code: 'idempotency_key_reused',
      at: { '/headers/idempotency-key': new RegExp(first.body.id) },
    });
  }
  await ended(api, first.body.id);
  await listedWhen(api, [first.body.id]);
});

test('a key belongs to its project', async () => {
  const [one, two] = [await withPlain(), await withPlain()];
  const headers = { 'idempotency-key': 'shared' };
  const first = await post(one, TAGGED, headers);
  const second = await post(two, TAGGED, headers);
  expect([first.status, second.status]).toEqual([202, 202]);
  expect(second.body.id).not.toBe(first.body.id);
});

test('a job is still found when the pipeline would not take its input any more', async () => {
  const api = await withPlain();
  const headers = { 'idempotency-key': randomUUID() };
  const first = await post(api, TAGGED, headers);
  const schema = { type: 'object', required: ['pages'] };
  await publish(api, plainPipeline('plain', { input: { schema, max_bytes: 5 } }));
  const again = await post(api, TAGGED, headers);
  expect([again.status, again.body.id]).toEqual([200, first.body.id]);
  expect((await post(api, TAGGED)).status).toBe(413);
});

test('a repetition that waits sees the end of the job that the first one began', async () => {
  const api = await newTenant();
  const model = newModel();
  await addRules({ match: { model }, fault: { latency_ms: 800 } });
  await publish(api, chatPipeline(model, { timeouts: { attempt: '10s' } }));
  const headers = { 'idempotency-key': randomUUID(), prefer: 'wait=30' };
  const answers = await Promise.all([1, 2, 3].map(() => post(api, question(), headers)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(answers.map(({ body }) => body.status)).toEqual(Array(3).fill('succeeded'));
  expect(answers.filter((answer) => answer.headers.has('idempotency-replayed'))).toHaveLength(2);
  expect(await callsOf(model)).toHaveLength(1);
});
