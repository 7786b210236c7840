import { describe, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import { capturing } from '../captured.ts';
import { contextOf, someFile } from '../calling.ts';
import { documentedSettings, makeService, secretKey, serviceOf } from './support.ts';

const documented = documentedSettings();

async function sentFor(setting: unknown, call: ModelCall) {
  const { fetch, sent } = capturing({});
  await makeService(setting, fetch).submitJob(call, contextOf());
  return sent[0];
}

describe('the exact request', () => {
  test('of a plain service', async () => {
    const call: ModelCall = { kind: 'embed', model: 'm', texts: ['one', 'two'] };
    expect(await sentFor(documented['own-embeddings'], call)).toEqual({
      url: 'http://embeddings.internal:8080/embed',
      method: 'POST',
      headers: {
        'idempotency-key': 'att_1',
        accept: 'application/json',
        'content-type': 'application/json',
      },
      body: { inputs: ['one', 'two'], truncate: false },
    });
  });

  test('of a service with a queue: files in place, absent fields left out, options added', async () => {
    const call: ModelCall = {
      kind: 'image',
      model: 'brush-2',
      prompt: 'a cat',
      count: 2,
      size: { width: 640, height: 480 },
      images: [someFile('image/png'), someFile('image/png')],
      options: { mood: 'calm', prompt: 'something else' },
    };
    expect(await sentFor(documented['painter'], call)).toEqual({
      url: 'https://painter.example.com/v1/pictures',
      method: 'POST',
      headers: {
        'idempotency-key': 'att_1',
        accept: 'application/json',
        'content-type': 'application/json',
        'x-request-key': 'att_1',
        authorization: `Bearer ${secretKey}`,
      },
      body: {
        mood: 'calm',
        model: 'brush-2',
        prompt: 'a cat',
        count: 2,
        size: { w: 640, h: 480 },
        start_from: ['AQID', 'AQID'],
      },
    });
  });

  test('of a question for the status and of a cancel', async () => {
    const { fetch, sent } = capturing({});
    const painter = makeService(documented['painter'], fetch);
    const ticket = { providerJobId: 'a/b?c', data: null };
    const call: ModelCall = { kind: 'image', model: 'm', prompt: 'p', count: 1 };
    await painter.getJobStatus?.(ticket, call, contextOf());
    await painter.cancelJob?.(ticket, call, contextOf());
    expect(sent).toMatchObject([
      { method: 'GET', url: 'https://painter.example.com/v1/pictures/a%2Fb%3Fc', body: null },
      { method: 'POST', url: 'https://painter.example.com/v1/pictures/a%2Fb%3Fc/stop', body: {} },
    ]);
  });

  test('with a form: files as bytes, lists as fields, the rest as text', async () => {
    const setting = serviceOf({
      moderate: {
        submit: {
          path: '/judge',
          form: {
            text: '${{ call.text }}',
            picture: { $file: 'call.images[*]' },
            strict: true,
            tags: ['a', 'b'],
          },
        },
        result: { flagged: 'bad' },
      },
    });
    const call: ModelCall = {
      kind: 'moderate',
      model: 'm',
      text: 'x',
      images: [someFile('image/png', { name: 'cat.png' })],
      options: { strict: false, level: 3 },
    };
    expect((await sentFor(setting, call))?.body).toEqual([
      ['text', 'x'],
      ['picture', 'cat.png', 'image/png', [1, 2, 3]],
      ['strict', 'true'],
      ['tags', 'a'],
      ['tags', 'b'],
      ['level', '3'],
    ]);
  });

  test('of a chat: text of messages, parameters, and a schema', async () => {
    const setting = serviceOf({
      chat: {
        submit: {
          path: '/models/${{ call.model }}/chat',
          body: {
            turns: '${{ call.messages }}',
            first: 'Q: ${{ call.messages[0].content }}!',
            max: '${{ call.parameters.max_output_tokens }}',
            heat: '${{ call.parameters.temperature }}',
            shape: '${{ call.output.schema }}',
          },
        },
        result: { text: 'text' },
      },
    });
    const schema = { type: 'object', properties: { fooBar: { type: 'string' } } };
    const call: ModelCall = {
      kind: 'chat',
      model: 'org/big model',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
      parameters: { maxOutputTokens: 10 },
      output: { kind: 'json', schema },
    };
    expect(await sentFor(setting, call)).toMatchObject({
      url: 'https://own.example/api/models/org%2Fbig%20model/chat',
      body: {
        turns: [{ role: 'user', content: 'Hello' }],
        first: 'Q: Hello!',
        max: 10,
        shape: schema,
      },
    });
  });
});

test('a key goes where the settings say, and nothing else takes its place', async () => {
  const embed = {
    submit: { path: '/e', headers: { 'X-Api-Key': 'forged' }, body: '${{ call.texts }}' },
    result: { vectors: '$' },
  };
  const setting = serviceOf(
    { embed },
    {
      secret_name: 'OWN_KEY',
      auth_header: 'X-Api-Key',
      headers: { 'X-API-KEY': 'other', 'X-Team': 'vision' },
    },
  );
  const sent = await sentFor(setting, { kind: 'embed', model: 'm', texts: ['x'] });
  expect(sent?.headers).toMatchObject({ 'x-api-key': secretKey, 'x-team': 'vision' });
});

describe('nobody gets out of the path', () => {
  const setting = serviceOf({
    summarize: {
      submit: { path: '/models/${{ call.model }}/x', body: '${{ call.text }}' },
      result: { summary: '$' },
    },
  });
  test.each([
    ['..', '/models/-/x'],
    ['.', '/models/-/x'],
    ['../../admin', '/models/..%2F..%2Fadmin/x'],
    ['a?b#c', '/models/a%3Fb%23c/x'],
    ['%2e%2e', '/models/%252e%252e/x'],
  ])('by the model %s', (model, path) => {
    const call: ModelCall = { kind: 'summarize', model, text: 'x', maxSentences: 1 };
    expect(makeService(setting).transformInput(call).path).toBe(path);
  });
});

describe('what the request has no place for is not told', () => {
  test.each<[string, ModelCall, string[]]>([
    ['own-embeddings', { kind: 'embed', model: 'm', texts: ['x'] }, []],
    [
      'own-embeddings',
      { kind: 'embed', model: 'm', texts: ['x'], dimensions: 5, inputType: 'query' },
      ['dimensions', 'inputType'],
    ],
    [
      'painter',
      { kind: 'image', model: 'm', prompt: 'p', count: 3, seed: 1, quality: 'low', format: 'png' },
      ['quality', 'format'],
    ],
  ])('%s %j', (id, call, expected) => {
    expect(makeService(documented[id]).unsupported?.(call)).toEqual(expected);
  });

  test('in a chat', () => {
    const setting = serviceOf({
      chat: {
        submit: {
          path: '/chat',
          body: { t: '${{ call.messages }}', heat: '${{ call.parameters.temperature }}' },
        },
        result: { text: 'text' },
      },
    });
    const call: ModelCall = {
      kind: 'chat',
      model: 'm',
      messages: [
        { role: 'user', content: [{ type: 'image', media: someFile('image/png') }] },
        { role: 'tool', toolCallId: 'c', content: 'x' },
      ],
      parameters: { temperature: 1, topP: 1 },
      tools: [{ name: 't', parameters: {} }],
      toolChoice: 'auto',
      output: { kind: 'json', schema: {} },
    };
    expect(makeService(setting).unsupported?.(call)).toEqual([
      'topP',
      'output',
      'tools',
      'toolChoice',
      'toolCalls',
      'image',
    ]);
  });
});
