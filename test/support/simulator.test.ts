import { spawn } from 'node:child_process';
import { once } from 'node:events';

import * as fc from 'fast-check';
import { compileSchema } from 'json-schema-library';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';

import type { Json, JsonObject } from '../../src/domain/json.ts';
import { jsonAgainstSchema, jsonFromSchema } from './simulator/json-from-schema.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from './simulator/simulator.ts';
import type { FaultInput } from './simulator/types.ts';

const started: Simulator[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((simulator) => simulator.close()));
});

async function start(options?: SimulatorOptions): Promise<Simulator> {
  const simulator = await startSimulator(options);
  started.push(simulator);
  return simulator;
}

type Posting = { readonly headers?: Record<string, string>; readonly signal?: AbortSignal };

function post(simulator: Simulator, path: string, body: unknown, posting: Posting = {}) {
  return fetch(`${simulator.url}${path}`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer any',
      'content-type': 'application/json',
      ...posting.headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(posting.signal === undefined ? {} : { signal: posting.signal }),
  });
}

function chat(simulator: Simulator, fields: object = {}, posting: Posting = {}) {
  const messages = [{ role: 'user', content: 'Pay the invoice of Ada Lovelace.' }];
  return post(simulator, '/v1/chat/completions', { model: 'm', messages, ...fields }, posting);
}

async function chatText(simulator: Simulator, fields: object = {}): Promise<string> {
  const body = (await (await chat(simulator, fields)).json()) as {
    choices: { message: { content: string } }[];
  };
  return body.choices.map(({ message }) => message.content).join('');
}

type Chunk = {
  choices: { delta: { content?: string }; finish_reason: string | null }[];
  usage?: object | null;
};

/** The JSON payloads of an event stream. */
async function events(response: Response): Promise<Chunk[]> {
  const blocks = (await response.text()).split('\n\n').filter(Boolean);
  expect(blocks.every((block) => block.startsWith('data: '))).toBe(true);
  expect(blocks.at(-1)).toBe('data: [DONE]');
  return blocks.slice(0, -1).map((block) => JSON.parse(block.slice(6)) as Chunk);
}

/** The statuses of so many chats in a row. */
async function statuses(
  simulator: Simulator,
  count: number,
  fields: object = {},
): Promise<number[]> {
  const seen: number[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    seen.push((await chat(simulator, fields)).status);
  }
  return seen;
}

async function statusesByChance(seed: number): Promise<number[]> {
  const simulator = await start();
  simulator.script({ probability: 0.5, seed, fault: { status: 503 } });
  return statuses(simulator, 20);
}

async function withFault(
  fault: FaultInput,
  fields: object = {},
): Promise<{ simulator: Simulator; response: Response }> {
  const simulator = await start();
  simulator.script({ fault });
  return { simulator, response: await chat(simulator, fields) };
}

/** How alike two vectors are. */
function dot(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, at) => sum + value * (right[at] ?? 0), 0);
}

describe('chat', () => {
  test('answers in the shape of OpenAI, the same each time', async () => {
    const simulator = await start();
    const response = await chat(simulator);
    expect(response.headers.get('x-request-id')).toBe('req_sim_1');
    expect(await response.json()).toMatchObject({
      id: 'chatcmpl-sim-1',
      object: 'chat.completion',
      model: 'm',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'Simulated answer to: Pay the invoice of Ada Lovelace.',
            refusal: null,
          },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 8, completion_tokens: 14, total_tokens: 22 },
    });
    expect(await chatText(simulator)).toBe(await chatText(simulator));
  });

  test('streams the same text, and usage only when asked', async () => {
    const simulator = await start();
    const chunks = await events(
      await chat(simulator, { stream: true, stream_options: { include_usage: true } }),
    );
    const text = chunks.map((chunk) => chunk.choices.at(0)?.delta.content ?? '').join('');
    expect(text).toBe(await chatText(simulator));
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 22 } });
    expect(chunks.at(-2)).toMatchObject({ choices: [{ finish_reason: 'stop' }] });

    const plain = await events(await chat(simulator, { stream: true }));
    expect(plain.every((chunk) => chunk.usage === undefined)).toBe(true);
  });

  test('follows a schema with words of the prompt', async () => {
    const simulator = await start();
    const schema = {
      type: 'object',
      properties: {
        customer: { type: 'string', maxLength: 20 },
        kind: { enum: ['order', 'invoice'] },
      },
      required: ['customer', 'kind'],
    };
    const response_format = { type: 'json_schema', json_schema: { name: 'x', schema } };
    expect(JSON.parse(await chatText(simulator, { response_format }))).toEqual({
      customer: 'Pay the invoice of',
      kind: 'invoice',
    });
  });

  test('stops at the limit of tokens and at a stop word', async () => {
    const simulator = await start();
    const body = await (await chat(simulator, { max_completion_tokens: 3 })).json();
    expect(body).toMatchObject({
      choices: [{ message: { content: 'Simulated an' }, finish_reason: 'length' }],
      usage: { completion_tokens: 3 },
    });
    expect(await chatText(simulator, { stop: ' to:' })).toBe('Simulated answer');
  });

  test.each([
    ['no JSON', 'nonsense', 400],
    ['no model', { messages: [{ role: 'user', content: 'x' }] }, 400],
    ['no messages', { model: 'm' }, 400],
    ['a message without a role', { model: 'm', messages: [{ content: 'x' }] }, 400],
  ])('refuses %s', async (_name, body, status) => {
    const simulator = await start();
    const response = await post(simulator, '/v1/chat/completions', body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
  });
});

describe('embeddings', () => {
  type Embeddings = { data: { index: number; embedding: number[] }[]; usage: object };
  const input = ['the red boat sails', 'a red boat', 'tax law of 1906'];

  test('are unit vectors that know related texts', async () => {
    const simulator = await start();
    const body = { model: 'e', input, dimensions: 256 };
    const { data, usage } = (await (
      await post(simulator, '/v1/embeddings', body)
    ).json()) as Embeddings;
    const [boat = [], other = [], law = []] = data.map(({ embedding }) => embedding);
    expect(boat).toHaveLength(256);
    expect(dot(boat, boat)).toBeCloseTo(1, 5);
    expect(dot(boat, other)).toBeGreaterThan(dot(boat, law) + 0.2);
    expect(usage).toEqual({ prompt_tokens: 12, total_tokens: 12 });
  });

  test('are the same in base64', async () => {
    const simulator = await start();
    const body = { model: 'e', input: 'boat', dimensions: 4 };
    const floats = (await (await post(simulator, '/v1/embeddings', body)).json()) as Embeddings;
    const packed = (await (
      await post(simulator, '/v1/embeddings', { ...body, encoding_format: 'base64' })
    ).json()) as { data: { embedding: string }[] };
    const bytes = Uint8Array.from(
      Buffer.from(packed.data.map(({ embedding }) => embedding).join(''), 'base64'),
    );
    const embedding = Array.from(new Float32Array(bytes.buffer));
    expect(floats.data).toMatchObject([{ index: 0, embedding }]);
  });

  test.each([
    [{ model: 'e' }],
    [{ model: 'e', input: '' }],
    [{ model: 'e', input: 'x', dimensions: 0 }],
  ])('refuse %j', async (body) => {
    const simulator = await start();
    expect((await post(simulator, '/v1/embeddings', body)).status).toBe(400);
  });
});

describe('access', () => {
  test('needs any key, or the right one', async () => {
    const open = await start();
    const bare = await fetch(`${open.url}/v1/models`);
    expect(bare.status).toBe(401);
    expect(await bare.json()).toMatchObject({ error: { code: 'missing_api_key' } });

    const locked = await start({ key: 'right' });
    expect((await chat(locked)).status).toBe(401);
    const headers = { authorization: 'Bearer right' };
    expect((await chat(locked, {}, { headers })).status).toBe(200);
  });

  test('knows every model, or only the given ones', async () => {
    const simulator = await start({ models: ['a'] });
    expect(await (await chat(simulator)).json()).toMatchObject({
      error: { code: 'model_not_found' },
    });
    expect((await chat(simulator, { model: 'a' })).status).toBe(200);
    const models = await fetch(`${simulator.url}/v1/models`, {
      headers: { authorization: 'Bearer k' },
    });
    expect(await models.json()).toMatchObject({ object: 'list', data: [{ id: 'a' }] });
  });

  test('says that it is well without a key, and 404 to what it does not know', async () => {
    const simulator = await start();
    expect(await (await fetch(`${simulator.url}/healthz`)).json()).toEqual({ ok: true });
    expect((await post(simulator, '/v1/nothing', {})).status).toBe(404);
    expect((await fetch(`${simulator.url}/__simulator/nothing`)).status).toBe(404);
  });
});

describe('a script', () => {
  test('fires after some matches and so many times', async () => {
    const simulator = await start();
    simulator.script({ after: 1, times: 2, fault: { status: 503 } });
    expect(await statuses(simulator, 5)).toEqual([200, 503, 503, 200, 200]);
  });

  test('gives way to the next rule when it does not fire', async () => {
    const simulator = await start();
    simulator.script({ times: 1, fault: { status: 429 } }, { times: 1, fault: { status: 500 } });
    expect(await statuses(simulator, 3)).toEqual([429, 500, 200]);
  });

  test('matches path, model and content', async () => {
    const simulator = await start();
    simulator.script(
      { match: { path: '/v1/embeddings' }, fault: { status: 500 } },
      { match: { model: 'bad' }, fault: { status: 404 } },
      { match: { contains: 'Lovelace' }, fault: { status: 418 } },
    );
    expect(await statuses(simulator, 1)).toEqual([418]);
    expect(await statuses(simulator, 1, { model: 'bad' })).toEqual([404]);
    expect((await post(simulator, '/v1/embeddings', { model: 'e', input: 'x' })).status).toBe(500);
    const messages = [{ role: 'user', content: 'Grace' }];
    expect(await statuses(simulator, 1, { messages })).toEqual([200]);
  });

  test('with a probability gives the same run for the same seed', async () => {
    const first = await statusesByChance(7);
    expect(await statusesByChance(7)).toEqual(first);
    expect(new Set(first)).toEqual(new Set([200, 503]));
  });

  test('can be set over HTTP, looked at, and taken away', async () => {
    const simulator = await start();
    const rules = [{ match: { model: 'm' }, fault: { status: 503, retry_after: 3 } }];
    const set = await post(simulator, '/__simulator/script', { rules });
    expect(await set.json()).toEqual({ rules: 1 });
    const response = await chat(simulator);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3']);
    const shown = await fetch(`${simulator.url}/__simulator/script`);
    expect(await shown.json()).toMatchObject({ rules: [{ matched: 1, fired: 1 }] });
    await fetch(`${simulator.url}/__simulator/script`, { method: 'DELETE' });
    expect((await chat(simulator)).status).toBe(200);
  });

  test('can be added to, and what stood before goes on counting', async () => {
    const simulator = await start();
    simulator.script({ match: { model: 'm' }, times: 1, fault: { status: 503 } });
    expect((await chat(simulator)).status).toBe(503);
    simulator.addRules({ match: { model: 'm' }, times: 1, fault: { status: 500 } });
    const added = await post(simulator, '/__simulator/rules', [{ fault: { status: 429 } }]);
    expect(await added.json()).toEqual({ rules: 3 });
    expect((await chat(simulator)).status).toBe(500);
    expect((await chat(simulator)).status).toBe(429);
  });

  test.each([
    ['nonsense', 'nonsense'],
    ['no list', { rule: [] }],
    ['a rule without effect', [{ match: {} }]],
    ['a misspelt match', [{ match: { modell: 'x' }, fault: { hang: true } }]],
    ['a misspelt fault', [{ fault: { statuz: 500 } }]],
    ['two kinds at once', [{ fault: { status: 500, hang: true } }]],
    ['a status that is none', [{ fault: { status: 42 } }]],
    ['a drop in no known place', [{ fault: { drop: 'later' } }]],
    ['an inherited name', [{ fault: { constructor: 1 } }]],
  ])('is refused when it says %s', async (_name, script) => {
    const simulator = await start();
    const response = await post(simulator, '/__simulator/script', script);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'script_invalid' } });
  });

  test('a header is stronger than a rule, and a rule than a model’s name', async () => {
    const simulator = await start();
    simulator.script({ match: { contains: 'Ada' }, fault: { status: 500 } });
    const headers = { 'x-simulator-fault': JSON.stringify({ status: 503 }) };
    expect((await chat(simulator, { model: 'sim-429' }, { headers })).status).toBe(503);
    expect((await chat(simulator, { model: 'sim-429' })).status).toBe(500);
    simulator.reset();
    expect((await chat(simulator, { model: 'sim-429' })).status).toBe(429);
    const broken = { 'x-simulator-fault': '{"statuz":1}' };
    expect(await (await chat(simulator, {}, { headers: broken })).json()).toMatchObject({
      error: { code: 'script_invalid' },
    });
  });

  test('a reply can be fixed, with its usage', async () => {
    const simulator = await start();
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    simulator.script(
      { times: 1, reply: { json: { a: [1] }, usage } },
      { reply: { text: 'Fixed.' } },
    );
    expect(await (await chat(simulator)).json()).toMatchObject({
      choices: [{ message: { content: '{"a":[1]}' } }],
      usage,
    });
    expect(await chatText(simulator)).toBe('Fixed.');
    const headers = { 'x-simulator-fault': JSON.stringify({ reply: { text: 'By header.' } }) };
    expect(await (await chat(simulator, {}, { headers })).json()).toMatchObject({
      choices: [{ message: { content: 'By header.' } }],
    });
  });
});

describe('a fault', () => {
  test('of status has the shape asked for', async () => {
    const fault = { status: 429, code: 'insufficient_quota', type: 't', message: 'm' };
    const { response } = await withFault({ ...fault, retry_after_ms: 70, retry_after: 'soon' });
    expect(response.headers.get('retry-after-ms')).toBe('70');
    expect(response.headers.get('retry-after')).toBe('soon');
    expect(await response.json()).toEqual({
      error: { code: 'insufficient_quota', type: 't', message: 'm', param: null },
    });
    const own = await withFault({ status: 500, body: { detail: 'other shape' } });
    expect(await own.response.json()).toEqual({ detail: 'other shape' });
  });

  test('of latency waits', async () => {
    const startedMs = performance.now();
    const { simulator } = await withFault({ latency_ms: 30 });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(29);
    expect(simulator.journal()).toMatchObject([{ fault: 'latency_ms', status: 200, paid: true }]);
  });

  test('of a slow body sends its headers first', async () => {
    const { simulator, response } = await withFault({ slow_body: { delay_ms: 5, chunks: 4 } });
    expect(simulator.stats().in_flight).toBe(1);
    expect(await response.json()).toMatchObject({ object: 'chat.completion' });
    await simulator.idle();
    expect(simulator.journal().at(0)?.duration_ms).toBeGreaterThanOrEqual(15);
  });

  test.each([
    ['before_headers', false, null],
    ['after_request', true, null],
  ] as const)('of a drop %s breaks the connection', async (drop, paid, status) => {
    const simulator = await start();
    simulator.script({ fault: { drop } });
    await expect(chat(simulator)).rejects.toThrow('fetch failed');
    await simulator.idle();
    expect(simulator.journal()).toMatchObject([{ ended: 'dropped', paid, status, fault: 'drop' }]);
  });

  test('of a drop in mid-body lets half of it through', async () => {
    const { simulator, response } = await withFault({ drop: 'mid_body' });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
    await simulator.idle();
    expect(simulator.journal()).toMatchObject([{ ended: 'dropped', paid: true, status: 200 }]);
  });

  test.each(['truncated', 'invalid', true] as const)(
    'of malformed (%s) is no JSON',
    async (how) => {
      const { response } = await withFault({ malformed: how });
      expect(response.headers.get('content-type')).toBe('application/json');
      await expect(response.json()).rejects.toThrow(SyntaxError);
    },
  );

  test('of not_json is the page of a proxy', async () => {
    const { response } = await withFault({ not_json: true });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      502,
      'text/html; charset=utf-8',
    ]);
  });

  test('of error_in_200 is an error all the same', async () => {
    const { response, simulator } = await withFault({ error_in_200: true, code: 429 });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ error: { code: 429 } });
    expect(simulator.journal()).toMatchObject([{ paid: false }]);
  });

  test('of stream_error comes after some content, and no [DONE] follows', async () => {
    const { response } = await withFault({ stream_error: 2 }, { stream: true });
    const blocks = (await response.text()).split('\n\n').filter(Boolean);
    expect(blocks).toHaveLength(4);
    expect(JSON.parse(blocks.at(3)?.slice(6) ?? '')).toMatchObject({ error: { code: 502 } });
  });

  test('of truncate, refusal and wrong_schema is a reply to judge', async () => {
    const cut = await withFault({ truncate: true });
    expect(await cut.response.json()).toMatchObject({ choices: [{ finish_reason: 'length' }] });
    const refused = await withFault({ refusal: 'No.' });
    expect(await refused.response.json()).toMatchObject({
      choices: [{ message: { content: null, refusal: 'No.' } }],
    });
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
    const response_format = { type: 'json_schema', json_schema: { name: 'x', schema } };
    const wrong = await withFault({ wrong_schema: true }, { response_format });
    expect(await wrong.response.json()).toMatchObject({
      choices: [{ message: { content: '{}' } }],
    });
  });

  test('of hang ends with the client', async () => {
    const simulator = await start();
    await expect(
      chat(simulator, { model: 'sim-hang' }, { signal: AbortSignal.timeout(20) }),
    ).rejects.toThrow('aborted due to timeout');
    await simulator.idle();
    expect(simulator.journal()).toMatchObject([
      { ended: 'client_left', status: null, paid: false, fault: 'hang' },
    ]);
  });

  test('of hang ends with the simulator', async () => {
    const simulator = await startSimulator();
    const hanging = chat(simulator, { model: 'sim-hang' }).catch((thrown: unknown) => thrown);
    while (simulator.stats().in_flight === 0) await new Promise((resolve) => setImmediate(resolve));
    await simulator.close();
    expect(await hanging).toMatchObject({ message: 'fetch failed' });
  });

  test.each([
    ['sim-529', 529],
    ['sim-quota', 429],
    ['sim-context-length', 400],
    ['sim-not-json', 502],
    ['sim-unheard-of', 200],
    ['sim-200', 200],
    ['toString', 200],
  ])('by the name of the model %s', async (model, status) => {
    const simulator = await start();
    expect((await chat(simulator, { model })).status).toBe(status);
  });
});

describe('the journal', () => {
  test('has a line for every request', async () => {
    const simulator = await start({ keepBodies: true });
    await chat(
      simulator,
      { stream: true },
      {
        headers: { 'idempotency-key': 'k1', 'x-request-id': 'r1', traceparent: '00-1-2-01' },
      },
    );
    await simulator.idle();
    expect(simulator.journal()).toEqual([
      {
        seq: 1,
        at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        method: 'POST',
        path: '/v1/chat/completions',
        model: 'm',
        stream: true,
        status: 200,
        ended: 'answered',
        paid: true,
        fault: null,
        duration_ms: expect.any(Number) as number,
        idempotency_key: 'k1',
        request_id: 'r1',
        traceparent: '00-1-2-01',
        body_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        body: expect.stringContaining('Lovelace') as string,
      },
    ]);
  });

  test('forgets the oldest, keeps counting, and can be read from a number on', async () => {
    const simulator = await start({ journalLimit: 3 });
    for (let turn = 0; turn < 5; turn += 1) await chat(simulator);
    expect(simulator.journal().map(({ seq }) => seq)).toEqual([3, 4, 5]);
    expect(simulator.journal(4).map(({ seq }) => seq)).toEqual([5]);
    const shown = await fetch(`${simulator.url}/__simulator/journal?since=4`);
    expect(await shown.json()).toMatchObject({ entries: [{ seq: 5 }], last_seq: 5 });
    await fetch(`${simulator.url}/__simulator/journal`, { method: 'DELETE' });
    expect(simulator.journal()).toEqual([]);
    await chat(simulator);
    expect(simulator.journal().map(({ seq }) => seq)).toEqual([6]);
    expect(simulator.journal()[0]).not.toHaveProperty('body');
    expect(simulator.stats().requests).toBe(6);
  });

  test('totals count by path, model and status, and the peak of concurrency', async () => {
    const simulator = await start();
    const latency = { model: 'sim-latency-30' };
    await Promise.all([
      chat(simulator, latency),
      chat(simulator, latency),
      chat(simulator, latency),
    ]);
    await chat(simulator, { model: 'sim-503' });
    const shown = await fetch(`${simulator.url}/__simulator/stats`);
    expect(await shown.json()).toEqual({
      requests: 4,
      paid: 3,
      in_flight: 0,
      peak_concurrency: 3,
      by_path: { '/v1/chat/completions': 4 },
      by_model: {
        'sim-latency-30': { requests: 3, paid: 3, in_flight: 0, peak_concurrency: 3 },
        'sim-503': { requests: 1, paid: 0, in_flight: 0, peak_concurrency: 1 },
      },
      by_status: { 200: 3, 503: 1 },
    });
    await post(simulator, '/__simulator/reset', {});
    expect(simulator.stats()).toMatchObject({ requests: 0, peak_concurrency: 0, by_model: {} });
  });
});

describe('JSON from a schema', () => {
  const $defs = {
    node: {
      type: 'object',
      properties: {
        label: { type: 'string', minLength: 3, maxLength: 9 },
        children: { type: 'array', items: { $ref: '#/$defs/node' } },
      },
      required: ['label', 'children'],
    },
  };
  const schemas: readonly JsonObject[] = [
    { type: 'string', minLength: 80, maxLength: 90 },
    { type: 'string', maxLength: 1 },
    { type: 'string', format: 'date-time' },
    { type: 'integer', minimum: 5, maximum: 5 },
    { type: 'integer', exclusiveMinimum: 3, multipleOf: 4 },
    { type: 'integer', maximum: -3 },
    { type: 'number', minimum: 0, maximum: 1 },
    { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.5 },
    { type: 'number', maximum: 0 },
    { type: ['null', 'boolean'] },
    { type: 'null' },
    { const: { a: [1] } },
    { enum: [3, 'x'] },
    { type: 'array', items: { type: 'integer' }, minItems: 4, maxItems: 4 },
    { type: 'array', items: { enum: ['a', 'b', 'c'] }, minItems: 3, uniqueItems: true },
    { type: 'array', maxItems: 0 },
    {
      type: 'array',
      prefixItems: [{ type: 'string' }, { type: 'number' }],
      items: { type: 'null' },
    },
    { anyOf: [{ type: 'object', required: ['a'] }, { type: 'string' }] },
    {
      type: 'object',
      allOf: [
        { properties: { a: { type: 'integer' } }, required: ['a'] },
        { properties: { b: { type: 'boolean' } }, required: ['b'] },
      ],
    },
    { ...$defs.node, $defs },
    {
      type: 'object',
      properties: { 'a/b': { type: 'string' }, __proto: { $ref: '#/$defs/x~1y' } },
      required: ['a/b', 'extra'],
      $defs: { 'x/y': { type: 'integer' } },
    },
  ];

  test.each(schemas)('%j', (schema) => {
    const value = jsonFromSchema(schema, 'Pay the invoice of Ada Lovelace');
    expect(compileSchema(schema).validate(value).errors).toEqual([]);
    expect(jsonFromSchema(schema, 'Pay the invoice of Ada Lovelace')).toEqual(value);
  });

  test.each(schemas)('against %j', (schema) => {
    const value = jsonAgainstSchema(schema, 'Pay the invoice of Ada Lovelace');
    expect(compileSchema(schema).validate(value).valid).toBe(false);
  });

  test('any schema made of common parts, for any prompt', () => {
    const bounded = fc
      .tuple(fc.nat(6), fc.nat(6))
      .map(([low, more]) => ({ low, high: low + more }));
    const { schema } = fc.letrec<{ schema: JsonObject; leaf: JsonObject }>((tie) => ({
      leaf: fc.oneof(
        bounded.map(({ low, high }): JsonObject => ({
          type: 'string',
          minLength: low,
          maxLength: high,
        })),
        bounded.map(({ low, high }): JsonObject => ({
          type: 'integer',
          minimum: low,
          maximum: high,
        })),
        bounded.map(({ low, high }): JsonObject => ({
          type: 'number',
          minimum: low,
          maximum: high,
        })),
        fc.constant<JsonObject>({ type: 'boolean' }),
        fc
          .uniqueArray(fc.string(), { minLength: 1 })
          .map((values): JsonObject => ({ enum: values })),
      ),
      schema: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        tie('leaf'),
        fc.tuple(tie('schema'), bounded).map(([items, { low, high }]): JsonObject => ({
          type: 'array',
          items,
          minItems: low,
          maxItems: high,
        })),
        fc
          .dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie('schema'), { maxKeys: 4 })
          .map((properties): JsonObject => ({
            type: 'object',
            properties,
            required: Object.keys(properties).slice(1),
            additionalProperties: false,
          })),
        fc
          .array(tie('schema'), { minLength: 1, maxLength: 3 })
          .map((branches): JsonObject => ({ anyOf: branches })),
      ),
    }));
    fc.assert(
      fc.property(schema, fc.string({ unit: 'grapheme' }), (made, prompt) => {
        const value: Json = jsonFromSchema(made, prompt);
        expect(compileSchema(made).validate(value).errors).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the start script', () => {
  test('runs under plain node, and stops when told', async () => {
    const child = spawn(process.execPath, ['scripts/simulator.ts', '--port', '0', '--key', 'k'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const url = /http:\/\/[\d.:]+/.exec(line.toString())?.[0];
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ ok: true });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
