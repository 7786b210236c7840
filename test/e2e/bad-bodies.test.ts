import { expect, test } from 'vitest';

import { post, publish } from './support/jobs.ts';
import { plainPipeline } from './support/pipelines.ts';
import { expectNothingCreated, PLAIN, postRaw, withPlain } from './support/plain.ts';
import { expectProblem } from './support/problem.ts';
import { submitWithoutEnd } from './support/raw-request.ts';

test('a body that is not JSON', async () => {
  const api = await withPlain();
  const said = async (raw: string) => {
    const problem = expectProblem(await postRaw(api, raw), {
      status: 400,
      code: 'invalid_request',
      at: { '': /./ },
    });
    return problem.detail;
  };
  expect(await said('{"pipeline": "plain", "input": {"text": "a",}}')).toMatch(/character 44/);
  expect(await said('{"pipeline": "plain", "input": {')).toMatch(/not valid JSON/);
  expect(await said('pipeline=plain')).toMatch(/not valid JSON/);
  expect(await said('   ')).toMatch(/empty/);
  expect(await said('swordfish')).not.toContain('swordfish');
  await expectNothingCreated(api);
});

function nested(levels: number): string {
  return `${'['.repeat(levels)}${']'.repeat(levels)}`;
}

test('what JSON can say and nobody could keep', async () => {
  const api = await withPlain();
  await publish(api, plainPipeline('any', { input: {} }));
  const refused = async (input: string, pointer: string, words: RegExp) => {
    for (const headers of [{}, { 'idempotency-key': input.slice(0, 200) }]) {
      const answer = await postRaw(api, `{"pipeline":"any","input":${input}}`, headers);
      expectProblem(answer, { status: 400, code: 'invalid_request', at: { [pointer]: words } });
    }
  };
  await refused(nested(100), `/input${'/0'.repeat(99)}`, /more than 100 levels/);
  await refused(nested(200_000), `/input${'/0'.repeat(99)}`, /more than 100 levels/);
  await refused('{"a":[1e400]}', '/input/a/0', /send it as a text/);
  await refused('{"__proto__":{"x":1}}', '/input/__proto__', /use another/);
  await expectNothingCreated(api);
});

test('a text that was cut in the middle of a character is a text all the same', async () => {
  const api = await withPlain();
  const body = '{"pipeline":"plain","input":{"text":"cut \\ud83d"},"tags":["\\ud83d"]}';
  const headers = { 'idempotency-key': 'cut', prefer: 'wait=30' };
  const first = await postRaw(api, body, headers);
  expect([first.status, first.body]).toMatchObject([200, { output: { text: 'cut \ufffd' } }]);
  expect((await postRaw(api, body, headers)).headers.get('idempotency-replayed')).toBe('true');
});

test('a body that is not UTF-8', async () => {
  const api = await withPlain();
  const { status, text } = await postRaw(api, Buffer.from('{"pipeline":"plain"}', 'utf16le'));
  expect([status, text]).toEqual([400, expect.stringMatching(/not valid UTF-8|not valid JSON/)]);
  const latin1 = Buffer.from('{"pipeline":"plain","input":{"text":"caf\xe9"}}', 'latin1');
  expectProblem(await postRaw(api, latin1), {
    status: 400,
    code: 'invalid_request',
    at: { '': /UTF-8/ },
  });
  await expectNothingCreated(api);
});

test('a body that is JSON and not an object', async () => {
  const api = await withPlain();
  for (const raw of ['[]', 'null', '"plain"', '17']) {
    expectProblem(await postRaw(api, raw), {
      status: 400,
      code: 'invalid_request',
      at: { '': /object/ },
    });
  }
  await expectNothingCreated(api);
});

test('an input that is larger than its pipeline takes', async () => {
  const api = await withPlain({ input: { max_bytes: 100 } });
  const answer = await post(api, { pipeline: 'plain', input: { text: 'x'.repeat(100) } });
  expectProblem(answer, {
    status: 413,
    code: 'payload_too_large',
    at: { '/input': /takes 111 bytes.*at most 100/ },
  });
  await expectNothingCreated(api);
});

test('a body that never ends is refused while it is being sent', async () => {
  const api = await withPlain({ input: { max_bytes: 1_000 } });
  const piece = 'x'.repeat(16_384);
  const beginning = '{"pipeline":"plain","input":{"text":"';
  // Half a megabyte: far more than the pipeline takes, and far less than any pipeline may take.
  const answer = await submitWithoutEnd(api, {}, [beginning, ...Array<string>(32).fill(piece)]);
  expectProblem(answer, {
    status: 413,
    code: 'payload_too_large',
    at: { '': /larger than the \d+ bytes.*not read to its end/ },
  });
  await expectNothingCreated(api);
});

test('one that names its pipeline last is refused at the limit that holds for all', async () => {
  const api = await withPlain({ input: { max_bytes: 1_000 } });
  const piece = 'x'.repeat(1_048_576);
  const beginning = '{"input":{"text":"';
  const answer = await submitWithoutEnd(api, {}, [beginning, ...Array<string>(10).fill(piece)]);
  expectProblem(answer, { status: 413, code: 'payload_too_large', at: { '': /larger than/ } });
  await expectNothingCreated(api);
});

test('a body that announces to be larger than any may be is refused by that alone', async () => {
  const api = await withPlain();
  // All of it is sent, because the local tool's proxy hands a body of known length on only when it is whole.
  const answer = await postRaw(api, ' '.repeat(9 * 1_048_576));
  expectProblem(answer, { status: 413, code: 'payload_too_large', at: { '': /larger than/ } });
  await expectNothingCreated(api);
});

test('a content type that is not JSON', async () => {
  const api = await withPlain();
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonl']) {
    const answer = await postRaw(api, JSON.stringify(PLAIN), { 'content-type': type });
    expectProblem(answer, {
      status: 415,
      code: 'unsupported_media_type',
      at: { '/headers/content-type': /application\/json/ },
    });
  }
  const definition = JSON.stringify(plainPipeline('plain'));
  const put = await api.send('PUT', '/v1/pipelines/plain', undefined, {
    raw: definition,
    headers: { 'content-type': 'text/yaml' },
  });
  const at = { '/headers/content-type': /text\/yaml/ };
  expectProblem(put, { status: 415, code: 'unsupported_media_type', at });
  await expectNothingCreated(api);
});

test('content types that are JSON are taken, whatever they carry along', async () => {
  const api = await withPlain();
  for (const type of [
    'application/json; charset=utf-8',
    'application/vnd.api+json',
    'Application/JSON',
  ]) {
    const answer = await postRaw(api, JSON.stringify(PLAIN), { 'content-type': type });
    expect(answer.status, answer.text).toBe(202);
  }
});
