import { expect, test } from 'vitest';

import type { ChatCall } from '../../../src/domain/model/model-call.ts';
import { MediaSlot } from '../../../src/providers/http/wire-body.ts';
import { someFile } from '../calling.ts';
import {
  chatCall,
  classifyCall,
  contextWith,
  json,
  makeAdapter,
  message,
  server,
} from './support.ts';

const bodyOf = (overrides: Partial<ChatCall> = {}) =>
  makeAdapter().transformInput(chatCall(overrides)).body;

test('the request is exact: address, headers, body', async () => {
  const { fetch, sent } = server({ 'POST /messages': () => json(message()) });
  await makeAdapter(fetch).submitJob(
    chatCall(),
    contextWith({ headers: { traceparent: '00-1-2-01' } }),
  );
  const [{ url, init } = { url: '', init: {} }] = sent;
  expect(url).toBe('https://api.anthropic.example/v1/messages');
  expect(init.method).toBe('POST');
  expect(init.headers).toEqual({
    traceparent: '00-1-2-01',
    'idempotency-key': 'job_1:write:1',
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'x-api-key': 'sk-ant-api03-0123456789abcdefSECRET',
    'anthropic-version': '2023-06-01',
  });
  expect(JSON.parse(init.body as string)).toEqual({
    model: 'claude-sonnet-4-5',
    max_tokens: 8192,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Say hello to Ada.' }] }],
    stream: true,
  });
});

test('parameters go under their own names, and the limit is the one of the step', () => {
  const parameters = {
    temperature: 0.2,
    topP: 0.9,
    maxOutputTokens: 100,
    stop: ['END'],
    reasoningEffort: 'high',
  } as const;
  expect(bodyOf({ parameters })).toMatchObject({
    temperature: 0.2,
    top_p: 0.9,
    max_tokens: 100,
    stop_sequences: ['END'],
    output_config: { effort: 'high' },
  });
});

test('all system messages become one text', () => {
  const messages: ChatCall['messages'] = [
    { role: 'system', content: 'Be short.' },
    { role: 'user', content: 'Hello' },
    { role: 'system', content: [{ type: 'text', text: 'Be kind.' }] },
  ];
  expect(bodyOf({ messages })).toMatchObject({
    system: 'Be short.\n\nBe kind.',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
  });
});

test('images and documents are blocks with the bytes in base64', () => {
  const image = someFile('image/png');
  const document = someFile('application/pdf', { name: 'report.pdf' });
  const content = [
    { type: 'text', text: 'Compare.' },
    { type: 'image', media: image },
    { type: 'document', media: document },
    { type: 'text', text: '' },
  ] as const;
  expect(bodyOf({ messages: [{ role: 'user', content }] })).toMatchObject({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Compare.' },
          {
            type: 'image',
            source: {
              type: 'base64',
              media_type: 'image/png',
              data: new MediaSlot(image, 'base64'),
            },
          },
          {
            type: 'document',
            source: {
              type: 'base64',
              media_type: 'application/pdf',
              data: new MediaSlot(document, 'base64'),
            },
            title: 'report.pdf',
          },
        ],
      },
    ],
  });
});

test('tools, the choice among them, calls and results', () => {
  const messages: ChatCall['messages'] = [
    { role: 'user', content: 'Weather in Bonn and Ulm?' },
    {
      role: 'assistant',
      content: '',
      toolCalls: [
        { id: 'toolu_1', name: 'weather', arguments: '{"city":"Bonn"}' },
        { id: 'toolu_2', name: 'weather', arguments: 'Ulm' },
      ],
    },
    { role: 'tool', toolCallId: 'toolu_1', content: '12 degrees' },
    { role: 'tool', toolCallId: 'toolu_2', content: '9 degrees' },
    { role: 'user', content: 'In one sentence.' },
  ];
  const tools = [{ name: 'weather', description: 'Now', parameters: { type: 'object' } }];
  const body = bodyOf({ messages, tools, toolChoice: { name: 'weather' } });
  expect(body).toMatchObject({
    tools: [{ name: 'weather', description: 'Now', input_schema: { type: 'object' } }],
    tool_choice: { type: 'tool', name: 'weather' },
  });
  expect((body as { messages: unknown }).messages).toEqual([
    { role: 'user', content: [{ type: 'text', text: 'Weather in Bonn and Ulm?' }] },
    {
      role: 'assistant',
      content: [
        { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Bonn' } },
        { type: 'tool_use', id: 'toolu_2', name: 'weather', input: { arguments: 'Ulm' } },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_1', content: '12 degrees' },
        { type: 'tool_result', tool_use_id: 'toolu_2', content: '9 degrees' },
        { type: 'text', text: 'In one sentence.' },
      ],
    },
  ]);
  expect(bodyOf({ tools, toolChoice: 'required' })).toMatchObject({ tool_choice: { type: 'any' } });
  expect(bodyOf({ tools, toolChoice: 'none' })).toMatchObject({ tool_choice: { type: 'none' } });
  expect(bodyOf({ toolChoice: 'none' })).not.toHaveProperty('tool_choice');
});

test('a schema is closed and rid of what would be refused', () => {
  const schema = {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 1, default: null },
      tags: { type: 'array', minItems: 3, items: { type: 'object', properties: {} } },
    },
    required: ['name'],
  };
  expect(bodyOf({ output: { kind: 'json', schema } })).toMatchObject({
    output_config: {
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            tags: {
              type: 'array',
              minItems: 1,
              items: { type: 'object', properties: {}, additionalProperties: false },
            },
          },
          required: ['name'],
          additionalProperties: false,
        },
      },
    },
  });
});

test('alternatives are enforced as such, and a format that it does not know is left out', () => {
  const schema = {
    oneOf: [{ type: 'string', format: 'color', pattern: '^#' }, { enum: [1, null] }],
  };
  expect(bodyOf({ output: { kind: 'json', schema } })).toMatchObject({
    output_config: {
      format: { schema: { anyOf: [{ type: 'string' }, { enum: [1, null] }] } },
    },
  });
});

test.each([
  ['an object of any keys', { type: 'object', additionalProperties: { type: 'number' } }],
  ['several at once', { allOf: [{ type: 'string' }, { enum: ['a'] }] }],
  ['anything', { type: 'array', items: {} }],
  ['one deep inside', { type: 'array', items: { type: 'object' } }],
])('a schema that cannot be enforced is told: %s', (_name, schema) => {
  const body = bodyOf({ output: { kind: 'json', schema } });
  expect(body).not.toHaveProperty('output_config');
  expect((body as { system: string }).system).toContain(JSON.stringify(schema));
});

test('a model from before structured outputs is told the schema', () => {
  const output = { kind: 'json', schema: { type: 'object', properties: {} } } as const;
  const old = bodyOf({ model: 'claude-3-5-haiku-20241022', output });
  expect(old).not.toHaveProperty('output_config');
  expect(old).toHaveProperty('system');
  expect(bodyOf({ model: 'claude-opus-4-5', output })).toHaveProperty('output_config');
});

test("a provider's own fields are passed on, and cannot undo what the adapter sets", () => {
  const options = {
    model: 'other',
    stream: false,
    thinking: { type: 'enabled', budget_tokens: 1024 },
    output_config: { effort: 'max', task_budget: 1 },
  };
  const output = { kind: 'json', schema: { type: 'object', properties: {} } } as const;
  expect(bodyOf({ options, output, parameters: { reasoningEffort: 'low' } })).toMatchObject({
    model: 'claude-sonnet-4-5',
    stream: true,
    thinking: { type: 'enabled', budget_tokens: 1024 },
    output_config: { effort: 'low', task_budget: 1, format: { type: 'json_schema' } },
  });
  expect(bodyOf({ options })).toMatchObject({ output_config: { effort: 'max' } });
});

test('a classification asks for JSON', () => {
  expect(makeAdapter().transformInput(classifyCall).body).toMatchObject({
    output_config: { format: { type: 'json_schema' } },
  });
});

test('what it cannot be told is named', () => {
  const content = [
    { type: 'audio', media: someFile('audio/mpeg') },
    { type: 'image', media: someFile('image/tiff') },
    { type: 'document', media: someFile('text/csv') },
  ] as const;
  const call = chatCall({
    messages: [{ role: 'user', content }],
    parameters: { seed: 1, reasoningEffort: 'minimal' },
  });
  expect(makeAdapter().unsupported?.(call)).toEqual([
    'seed',
    'reasoningEffort',
    'audio',
    'image',
    'document',
  ]);
  expect(makeAdapter().unsupported?.(chatCall())).toEqual([]);
});
