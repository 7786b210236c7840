import { expect, test } from 'vitest';

import type { ChatCall, ModelCall } from '../../../src/domain/model/model-call.ts';
import { FileBody, MediaSlot } from '../../../src/providers/http/wire-body.ts';
import { makeRegistry } from '../../../src/providers/registry.ts';
import { contextOf, someFile } from '../calling.ts';
import { calls, chatCall, makeAdapter } from './support.ts';

const requestOf = (call: ModelCall) => makeAdapter().transformInput(call);
const bodyOf = (overrides: Partial<ChatCall> = {}) => requestOf(chatCall(overrides)).body;

test('the request is exact: address, headers, body', async () => {
  const sent: { url: string; init: RequestInit }[] = [];
  const adapter = makeAdapter(async (url, init) => {
    sent.push({ url, init });
    return new Response('{}', { status: 500 });
  });
  await adapter.submitJob(chatCall(), contextOf({ headers: { traceparent: '00-1-2-01' } }));
  const [{ url, init } = { url: '', init: {} }] = sent;
  expect(url).toBe(
    'https://cloudflare.example/client/v4/accounts/account1/ai/run/@cf/meta/llama-3.1-8b-instruct',
  );
  expect(init.method).toBe('POST');
  expect(init.headers).toEqual({
    traceparent: '00-1-2-01',
    'content-type': 'application/json',
    accept: '*/*',
    authorization: 'Bearer cfApiToken0123456789abcdefSECRET',
  });
  expect(JSON.parse(init.body as string)).toEqual({
    messages: [{ role: 'user', content: 'Say hello to Ada.' }],
    max_tokens: 2048,
    stream: true,
  });
});

const missing = (settings: Record<string, string>) =>
  makeRegistry((name) => settings[name], fetch).missing.get('workers-ai');

test('without an account, a token or a binding it says what is missing', () => {
  expect(missing({})).toContain('CLOUDFLARE_API_TOKEN');
  expect(missing({ CLOUDFLARE_API_TOKEN: 'x' })).toContain('CLOUDFLARE_ACCOUNT_ID');
});

test('a chat with parameters, tools and parts', () => {
  const image = someFile('image/png');
  const messages: ChatCall['messages'] = [
    {
      role: 'system',
      content: [
        { type: 'text', text: 'Be ' },
        { type: 'text', text: 'short.' },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'See.' },
        { type: 'image', media: image },
      ],
    },
    { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'now', arguments: '{}' }] },
    { role: 'tool', toolCallId: 'c1', content: 'noon' },
  ];
  const tools = [{ name: 'now', description: 'The time', parameters: { type: 'object' } }];
  const parameters = { temperature: 0.2, topP: 0.9, maxOutputTokens: 9, seed: 4 };
  expect(bodyOf({ messages, tools, parameters })).toEqual({
    messages: [
      { role: 'system', content: 'Be short.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See.' },
          { type: 'image_url', image_url: { url: new MediaSlot(image, 'data_url') } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'now', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'noon' },
    ],
    max_tokens: 9,
    temperature: 0.2,
    top_p: 0.9,
    seed: 4,
    tools: [
      {
        type: 'function',
        function: { name: 'now', description: 'The time', parameters: { type: 'object' } },
      },
    ],
    stream: true,
  });
});

test('JSON is asked for by its bare schema, and is not streamed', () => {
  const schema = { type: 'object', properties: {} };
  const body = bodyOf({ output: { kind: 'json', schema }, options: { stream: true, top_k: 3 } });
  expect(body).toMatchObject({
    top_k: 3,
    response_format: { type: 'json_schema', json_schema: schema },
  });
  expect(body).not.toHaveProperty('stream');
});

test.each([
  ['embed', calls.embed, '/run/@cf/baai/bge-m3', { text: ['one', 'two'] }],
  [
    'rerank',
    calls.rerank,
    '/run/@cf/baai/bge-reranker-base',
    { query: 'q', contexts: [{ text: 'a' }, { text: 'b' }, { text: 'c' }], top_k: 2 },
  ],
  [
    'labels of the model',
    calls.sentiment,
    '/run/@cf/huggingface/distilbert-sst-2-int8',
    { text: 'Lovely.' },
  ],
  [
    'moderate',
    calls.moderate,
    '/run/@cf/meta/llama-guard-3-8b',
    { messages: [{ role: 'user', content: 'words' }] },
  ],
  [
    'image',
    { ...calls.image, seed: 4, options: { steps: 6 } },
    '/run/@cf/black-forest-labs/flux-1-schnell',
    { prompt: 'a cat', seed: 4, steps: 6 },
  ],
  [
    'image of another',
    {
      ...calls.image,
      model: '@cf/stabilityai/stable-diffusion-xl-base-1.0',
      size: { width: 512, height: 768 },
      negativePrompt: 'dogs',
    },
    '/run/@cf/stabilityai/stable-diffusion-xl-base-1.0',
    { prompt: 'a cat', width: 512, height: 768, negative_prompt: 'dogs' },
  ],
] as const)('%s', (_name, call, path, body) => {
  expect(requestOf(call)).toMatchObject({ method: 'POST', path, body });
});

test('a classification by labels of the call is a chat for JSON', () => {
  expect(requestOf(calls.classify).body).toMatchObject({
    response_format: { type: 'json_schema' },
  });
});

test('a sound goes as base64 with hints, or as bare bytes to the older models', () => {
  const { audio } = calls.transcribe;
  expect(requestOf({ ...calls.transcribe, language: 'en', prompt: 'Ada' })).toMatchObject({
    headers: { 'content-type': 'application/json' },
    body: { audio: new MediaSlot(audio, 'base64'), language: 'en', initial_prompt: 'Ada' },
  });
  const old = requestOf({ ...calls.transcribe, model: '@cf/openai/whisper' });
  expect(old).toMatchObject({
    path: '/run/@cf/openai/whisper',
    headers: { 'content-type': 'application/octet-stream' },
  });
  expect(old.body).toEqual(new FileBody(audio));
});

test('a batch is one request in the queue, and not streamed', () => {
  expect(requestOf(chatCall({ execution: 'batch' }))).toMatchObject({
    path: '/run/@cf/meta/llama-3.1-8b-instruct?queueRequest=true',
    body: {
      requests: [{ messages: [{ role: 'user', content: 'Say hello to Ada.' }], max_tokens: 2048 }],
    },
  });
  expect(JSON.stringify(bodyOf({ execution: 'batch' }))).not.toContain('stream');
});

test('what it cannot be told is named', () => {
  const { unsupported } = makeAdapter();
  const content = [
    { type: 'audio', media: someFile('audio/mpeg') },
    { type: 'document', media: someFile('application/pdf') },
  ] as const;
  const chat = chatCall({
    messages: [{ role: 'user', content }],
    parameters: { stop: ['x'], reasoningEffort: 'low' },
    toolChoice: 'required',
  });
  expect(unsupported?.(chat)).toEqual([
    'stop',
    'reasoningEffort',
    'toolChoice',
    'audio',
    'document',
  ]);
  expect(unsupported?.(chatCall({ toolChoice: 'auto' }))).toEqual([]);
  expect(unsupported?.({ ...calls.embed, dimensions: 5, inputType: 'query' })).toEqual([
    'dimensions',
    'inputType',
  ]);
  expect(unsupported?.({ ...calls.sentiment, labels: [{ label: 'x' }] })).toEqual(['labels']);
  const image = {
    ...calls.image,
    count: 2,
    size: { width: 5, height: 5 },
    format: 'png',
    quality: 'low',
    negativePrompt: 'x',
    images: [someFile('image/png')],
  } as const;
  expect(unsupported?.(image)).toEqual([
    'count',
    'format',
    'quality',
    'size',
    'negativePrompt',
    'images',
  ]);
  const spoken = { ...calls.transcribe, language: 'en', prompt: 'x', diarize: true } as const;
  expect(unsupported?.(spoken)).toEqual(['diarize']);
  expect(unsupported?.({ ...spoken, model: '@cf/openai/whisper', timestamps: 'segment' })).toEqual([
    'language',
    'prompt',
    'timestamps',
    'diarize',
  ]);
  expect(unsupported?.({ ...calls.moderate, images: [someFile('image/png')] })).toEqual(['images']);
});
