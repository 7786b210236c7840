import { expect, test } from 'vitest';

import type { ChatCall } from '../../../src/domain/model/model-call.ts';
import { MediaSlot } from '../../../src/providers/http/wire-body.ts';
import { contextOf, someFile } from '../calling.ts';
import { chatCall, classifyCall, embedCall, imageCall, makeAdapter } from './support.ts';

const bodyOf = (overrides: Partial<ChatCall> = {}) =>
  makeAdapter().transformInput(chatCall(overrides)).body;

test('the request is exact: address, headers, body', async () => {
  const sent: { url: string; init: RequestInit }[] = [];
  const adapter = makeAdapter(async (url, init) => {
    sent.push({ url, init });
    return new Response('{}', { status: 500 });
  });
  await adapter.submitJob(chatCall(), contextOf({ headers: { traceparent: '00-1-2-01' } }));
  const [{ url, init } = { url: '', init: {} }] = sent;
  expect(url).toBe(
    'https://gemini.example/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
  );
  expect(init.method).toBe('POST');
  expect(init.headers).toEqual({
    traceparent: '00-1-2-01',
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'x-goog-api-key': 'AIzaSyTest0123456789abcdefSECRET',
  });
  expect(JSON.parse(init.body as string)).toEqual({
    contents: [{ role: 'user', parts: [{ text: 'Say hello to Ada.' }] }],
  });
});

test.each([
  ['gemini-2.5-flash', '/models/gemini-2.5-flash:'],
  ['models/gemini-2.5-flash', '/models/gemini-2.5-flash:'],
  ['tunedModels/mine', '/tunedModels/mine:'],
  ['odd name?x=1', '/models/odd%20name%3Fx%3D1:'],
])('the model %s is in the path', (model, path) => {
  expect(makeAdapter().transformInput(chatCall({ model })).path).toBe(
    `${path}streamGenerateContent?alt=sse`,
  );
});

test('parameters, system messages and the schema', () => {
  const schema = { type: 'object', properties: {} };
  const messages: ChatCall['messages'] = [
    { role: 'system', content: 'Be short.' },
    { role: 'user', content: 'Hello' },
    { role: 'system', content: [{ type: 'text', text: 'Be kind.' }] },
  ];
  const parameters = { temperature: 0.2, topP: 0.9, maxOutputTokens: 9, seed: 4, stop: ['END'] };
  expect(bodyOf({ messages, parameters, output: { kind: 'json', schema } })).toEqual({
    contents: [{ role: 'user', parts: [{ text: 'Hello' }] }],
    systemInstruction: { parts: [{ text: 'Be short.' }, { text: 'Be kind.' }] },
    generationConfig: {
      temperature: 0.2,
      topP: 0.9,
      maxOutputTokens: 9,
      seed: 4,
      stopSequences: ['END'],
      responseMimeType: 'application/json',
      responseJsonSchema: schema,
    },
  });
});

test.each([
  ['gemini-2.5-pro', { thinkingBudget: 8192 }],
  ['gemini-3-pro-preview', { thinkingLevel: 'MEDIUM' }],
])('the effort of reasoning for %s', (model, thinkingConfig) => {
  expect(bodyOf({ model, parameters: { reasoningEffort: 'medium' } })).toMatchObject({
    generationConfig: { thinkingConfig },
  });
});

test('files are parts with the bytes in base64', () => {
  const image = someFile('image/png');
  const audio = someFile('audio/mpeg');
  const document = someFile('application/pdf');
  const parts = [
    { type: 'text', text: 'Compare.' },
    { type: 'image', media: image },
    { type: 'audio', media: audio },
    { type: 'document', media: document },
  ] as const;
  const inline = (media: typeof image) => ({
    inlineData: { mimeType: media.mimeType, data: new MediaSlot(media, 'base64') },
  });
  expect(bodyOf({ messages: [{ role: 'user', content: parts }] })).toEqual({
    contents: [
      {
        role: 'user',
        parts: [{ text: 'Compare.' }, inline(image), inline(audio), inline(document)],
      },
    ],
  });
});

const toolTalk: ChatCall['messages'] = [
  { role: 'user', content: 'Weather in Bonn and Ulm?' },
  {
    role: 'assistant',
    content: 'I look.',
    toolCalls: [
      { id: 'call_0', name: 'weather', arguments: '{"city":"Bonn"}' },
      { id: 'call_1', name: 'weather', arguments: '' },
    ],
  },
  { role: 'tool', toolCallId: 'call_0', content: '{"degrees":12}' },
  { role: 'tool', toolCallId: 'call_1', content: '9 degrees' },
];

const mode = (name: string) => ({ toolConfig: { functionCallingConfig: { mode: name } } });

test('tools, the choice among them, calls and results', () => {
  const tools = [{ name: 'weather', description: 'Now', parameters: { type: 'object' } }];
  expect(bodyOf({ messages: toolTalk, tools, toolChoice: { name: 'weather' } })).toEqual({
    contents: [
      { role: 'user', parts: [{ text: 'Weather in Bonn and Ulm?' }] },
      {
        role: 'model',
        parts: [
          { text: 'I look.' },
          { functionCall: { name: 'weather', args: { city: 'Bonn' } } },
          { functionCall: { name: 'weather', args: {} } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'weather', response: { degrees: 12 } } },
          { functionResponse: { name: 'weather', response: { result: '9 degrees' } } },
        ],
      },
    ],
    tools: [
      {
        functionDeclarations: [
          { name: 'weather', description: 'Now', parametersJsonSchema: { type: 'object' } },
        ],
      },
    ],
    toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['weather'] } },
  });
  const modeOf = (toolChoice: 'auto' | 'none' | 'required') => bodyOf({ tools, toolChoice });
  expect(modeOf('auto')).toMatchObject(mode('AUTO'));
  expect(modeOf('none')).toMatchObject(mode('NONE'));
  expect(modeOf('required')).toMatchObject(mode('ANY'));
});

test('from version 3 on the first call that comes back says that its thought has no signature', () => {
  const body = bodyOf({ model: 'gemini-3-flash-preview', messages: toolTalk });
  expect(body).toMatchObject({
    contents: [
      {},
      {
        parts: [
          { text: 'I look.' },
          {
            functionCall: { name: 'weather' },
            thoughtSignature: 'skip_thought_signature_validator',
          },
          { functionCall: { name: 'weather' } },
        ],
      },
      {},
    ],
  });
  expect(JSON.stringify(body).match(/thoughtSignature/g)).toHaveLength(1);
});

test("a provider's own fields are passed on, and cannot undo what the adapter sets", () => {
  const options = {
    contents: [],
    safetySettings: [{ category: 'X', threshold: 'BLOCK_NONE' }],
    generationConfig: { topK: 5, temperature: 1, thinkingConfig: { includeThoughts: true } },
  };
  const parameters = { temperature: 0, reasoningEffort: 'low' } as const;
  expect(bodyOf({ options, parameters })).toEqual({
    contents: [{ role: 'user', parts: [{ text: 'Say hello to Ada.' }] }],
    safetySettings: [{ category: 'X', threshold: 'BLOCK_NONE' }],
    generationConfig: {
      topK: 5,
      temperature: 0,
      thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 },
    },
  });
});

test('a classification asks for JSON', () => {
  expect(makeAdapter().transformInput(classifyCall)).toMatchObject({
    path: '/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
    body: { generationConfig: { responseMimeType: 'application/json' } },
  });
});

const queryOf = (text: string) => ({
  model: 'models/gemini-embedding-001',
  content: { parts: [{ text }] },
  taskType: 'RETRIEVAL_QUERY',
  outputDimensionality: 256,
});

test('embeddings go in one batch, each with what it is for', () => {
  const call = embedCall({ dimensions: 256, inputType: 'query' });
  expect(makeAdapter().transformInput(call)).toMatchObject({
    path: '/models/gemini-embedding-001:batchEmbedContents',
    body: { requests: [queryOf('one'), queryOf('two')] },
  });
  expect(
    makeAdapter().transformInput(embedCall({ inputType: 'document', texts: ['x'] })).body,
  ).toEqual({
    requests: [
      {
        model: 'models/gemini-embedding-001',
        content: { parts: [{ text: 'x' }] },
        taskType: 'RETRIEVAL_DOCUMENT',
      },
    ],
  });
});

test('a picture is an answer of its own kind', () => {
  const from = someFile('image/png');
  const call = imageCall({ size: { width: 1344, height: 768 }, seed: 3, images: [from] });
  expect(makeAdapter().unsupported?.(call)).toEqual([]);
  expect(makeAdapter().transformInput(call)).toMatchObject({
    path: '/models/gemini-2.5-flash-image:generateContent',
    body: {
      contents: [
        {
          role: 'user',
          parts: [
            { text: 'a cat' },
            { inlineData: { mimeType: 'image/png', data: new MediaSlot(from, 'base64') } },
          ],
        },
      ],
      generationConfig: {
        responseModalities: ['TEXT', 'IMAGE'],
        imageConfig: { aspectRatio: '16:9' },
        seed: 3,
      },
    },
  });
});

test('what it cannot be told is named', () => {
  const call = imageCall({
    count: 2,
    size: { width: 1000, height: 1000 },
    format: 'png',
    quality: 'high',
    negativePrompt: 'dogs',
  });
  const adapter = makeAdapter();
  expect(adapter.unsupported?.(call)).toEqual([
    'count',
    'size',
    'format',
    'quality',
    'negativePrompt',
  ]);
  const system = [
    { role: 'system', content: [{ type: 'image', media: someFile('image/png') }] },
  ] as const;
  expect(adapter.unsupported?.(chatCall({ messages: system }))).toEqual(['image']);
});
