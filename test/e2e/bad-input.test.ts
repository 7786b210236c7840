import { expect, inject, test } from 'vitest';

import { makeApi, newKey, newTenant, type Answer } from './support/api.ts';
import { ended, post, publish, submit } from './support/jobs.ts';
import { plainPipeline } from './support/pipelines.ts';
import { expectNothingCreated, PLAIN, withPlain } from './support/plain.ts';
import { expectProblem } from './support/problem.ts';

test('fields that are not known, missing or of the wrong type, wherever they stand', async () => {
  const api = await withPlain();
  const answer = await post(api, {
    input: { text: 'words' },
    pipelin: 'plain',
    tags: ['fine', 7],
    metadata: { customer: { name: 'Ada' }, ok: 'yes' },
    timeouts: { job: '5 minutes', jobb: '5m' },
  });
  expectProblem(answer, {
    status: 400,
    code: 'invalid_request',
    at: {
      '/pipeline': /required/,
      '/pipelin': /not a known field.*spelling/,
      '/tags/1': /string/,
      '/metadata/customer': /string/,
      '/timeouts/job': /30s/,
      '/timeouts/jobb': /not a known field/,
    },
  });
  await expectNothingCreated(api);
});

test('more metadata and tags, and longer ones, than a job may have', async () => {
  const api = await withPlain();
  const many = Array.from({ length: 51 }, (_, index) => `field${index}`);
  const answer = await post(api, {
    ...PLAIN,
    metadata: Object.fromEntries(many.map((name) => [name, 'x'])),
    tags: many,
  });
  const at = { '/metadata': /at most 50/, '/tags': /at most 20/ };
  expectProblem(answer, { status: 400, code: 'invalid_request', at });
  const long = await post(api, {
    ...PLAIN,
    metadata: { a: 'x'.repeat(501) },
    tags: ['', 'a\u001B[31m'],
  });
  const lengths = { '/metadata/a': /500/, '/tags/0': /1/, '/tags/1': /no control characters/ };
  expectProblem(long, { status: 400, code: 'invalid_request', at: lengths });
  await expectNothingCreated(api);
});

test('a pipeline or a version that does not exist', async () => {
  const api = await withPlain();
  const refused = async (pipeline: string, words: RegExp) =>
    expectProblem(await post(api, { ...PLAIN, pipeline }), {
      status: 404,
      code: 'pipeline_not_found',
      at: { '/pipeline': words },
    });
  await refused('plane', /"plane".*PUT \/v1\/pipelines\/plane/);
  await refused('plain@7', /no version 7.*newest is 1/);
  await refused('plain@0', /no version 0/);
  await refused('plain@', /"plain@"/);
  const read = await api.send('GET', '/v1/pipelines/plane');
  expectProblem(read, { status: 404, code: 'pipeline_not_found', at: { '/path/name': /plane/ } });
  await expectNothingCreated(api);
});

test('an input that breaks the schema: every violation at once, and none of its values', async () => {
  const api = await newTenant();
  const schema = {
    type: 'object',
    required: ['subject', 'people'],
    additionalProperties: false,
    properties: {
      subject: { type: 'string', maxLength: 5 },
      people: {
        type: 'array',
        minItems: 3,
        items: {
          type: 'object',
          required: ['name'],
          properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 } },
        },
      },
      kind: { enum: ['a', 'b'] },
    },
  };
  await publish(api, plainPipeline('strict', { input: { schema } }));
  const answer = await post(api, {
    pipeline: 'strict',
    input: {
      subject: 'swordfish',
      people: [{ age: -4 }, { name: 'Ada', age: 'old' }],
      kind: 'tunafish',
      extra: true,
    },
  });
  const problem = expectProblem(answer, {
    status: 422,
    code: 'input_invalid',
    at: {
      '/input/subject': /at most 5/,
      '/input/people': /at least 3/,
      '/input/people/0/name': /required/,
      '/input/people/0/age': /at least 0/,
      '/input/people/1/age': /integer/,
      '/input/kind': /"a","b"/,
      '/input/extra': /not allowed/,
    },
  });
  expect(problem.errors).toHaveLength(7);
  expect(answer.text).not.toMatch(/swordfish|tunafish|old/);
  await publish(api, plainPipeline('plain'));
  await expectNothingCreated(api);
});

test('an Idempotency-Key that is none', async () => {
  const api = await withPlain();
  for (const key of ['two words', 'x'.repeat(256), 'schlüssel']) {
    const answer = await post(api, PLAIN, { 'idempotency-key': key });
    expectProblem(answer, {
      status: 400,
      code: 'invalid_request',
      at: { '/headers/idempotency-key': /1 to 255 visible ASCII/ },
    });
  }
  await expectNothingCreated(api);
});

test('no key, or a wrong one', async () => {
  const api = await withPlain();
  const nobody = makeApi(api.url, '');
  const answer = await post(nobody, PLAIN);
  expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  const at = { '/headers/authorization': /Authorization: Bearer/ };
  expectProblem(answer, { status: 401, code: 'unauthenticated', at });
  const wrong = makeApi(api.url, `${api.key.slice(0, -1)}${api.key.endsWith('A') ? 'B' : 'A'}`);
  expectProblem(await post(wrong, PLAIN), {
    status: 401,
    code: 'unauthenticated',
    at: { '/headers/authorization': /not known/ },
  });
  await expectNothingCreated(api);
});

test('a key that may not do this', async () => {
  const api = await withPlain();
  const { key } = await newKey(inject('shared'), api.project, ['jobs:read']);
  const reader = makeApi(api.url, key);
  const at = { '/headers/authorization': /lacks the scope jobs:write; it has jobs:read/ };
  expectProblem(await post(reader, PLAIN), { status: 403, code: 'forbidden', at });
  const put = await reader.send('PUT', '/v1/pipelines/plain', plainPipeline('plain'));
  const lacks = { '/headers/authorization': /pipelines:write/ };
  expectProblem(put, { status: 403, code: 'forbidden', at: lacks });
  await expectNothingCreated(api);
});

test("another project's job is not there at all", async () => {
  const [mine, other] = [await withPlain(), await withPlain()];
  const { id } = await submit(other, PLAIN);
  const asked: readonly Answer<unknown>[] = [
    await mine.send('GET', `/v1/jobs/${id}`),
    await mine.send('GET', `/v1/jobs/${id}/events`),
    await mine.send('POST', `/v1/jobs/${id}/cancel`),
  ];
  for (const answer of asked) {
    expectProblem(answer, {
      status: 404,
      code: 'not_found',
      at: { '/path/job_id': new RegExp(`no job "${id}" in this project`) },
    });
  }
  expect(await ended(other, id)).toMatchObject({ status: 'succeeded' });
  await expectNothingCreated(mine);
});
