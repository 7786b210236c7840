import { describe, expect, test } from 'vitest';

import type { ChatCall } from '../../../src/domain/model/model-call.ts';
import { openAiCompatibleProfiles } from '../../../src/providers/openai-compatible/profiles.ts';
import { capturing } from '../captured.ts';
import { contextOf, someFile } from '../calling.ts';
import { chatCall, makeAdapter } from './support.ts';
import { reply } from '../calling.ts';

const tools: NonNullable<ChatCall['tools']> = [
  {
    name: 'look_up',
    description: 'Finds an order.',
    parameters: { type: 'object', properties: { order: { type: 'string' } } },
  },
  { name: 'now', parameters: { type: 'object' } },
];

async function bodyFor(call: ChatCall) {
  const { fetch, sent } = capturing({});
  await makeAdapter({ fetch }).submitJob(call, contextOf());
  return sent[0]?.body;
}

describe('messages', () => {
  test('with images, sound and documents have them in place', async () => {
    const call = chatCall({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image', media: someFile('image/png'), detail: 'low' },
            { type: 'image', media: someFile('image/webp') },
            { type: 'audio', media: someFile('audio/x-wav') },
            { type: 'document', media: someFile('application/pdf', { name: 'bill.pdf' }) },
            { type: 'document', media: someFile('application/pdf') },
          ],
        },
      ],
    });
    expect(await bodyFor(call)).toMatchObject({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            {
              type: 'image_url',
              image_url: { url: 'data:image/png;base64,AQID', detail: 'low' },
            },
            { type: 'image_url', image_url: { url: 'data:image/webp;base64,AQID' } },
            { type: 'input_audio', input_audio: { data: 'AQID', format: 'wav' } },
            {
              type: 'file',
              file: { filename: 'bill.pdf', file_data: 'data:application/pdf;base64,AQID' },
            },
            { type: 'file', file: { filename: 'document.pdf' } },
          ],
        },
      ],
    });
  });

  test('with tool calls and their answers keep them', async () => {
    const call = chatCall({
      messages: [
        { role: 'user', content: 'Where is my order?' },
        {
          role: 'assistant',
          content: '',
          toolCalls: [{ id: 'call_1', name: 'look_up', arguments: '{"order":"7"}' }],
        },
        { role: 'tool', toolCallId: 'call_1', content: 'on its way' },
      ],
      tools,
      toolChoice: { name: 'now' },
    });
    expect(await bodyFor(call)).toMatchObject({
      messages: [
        { role: 'user', content: 'Where is my order?' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              id: 'call_1',
              type: 'function',
              function: { name: 'look_up', arguments: '{"order":"7"}' },
            },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'on its way' },
      ],
      tools: [
        {
          type: 'function',
          function: {
            name: 'look_up',
            description: 'Finds an order.',
            parameters: { type: 'object', properties: { order: { type: 'string' } } },
          },
        },
        { type: 'function', function: { name: 'now', parameters: { type: 'object' } } },
      ],
      tool_choice: { type: 'function', function: { name: 'now' } },
    });
  });

  test.each(['auto', 'none', 'required'] as const)('tool choice %s', async (toolChoice) => {
    expect(await bodyFor(chatCall({ tools, toolChoice }))).toMatchObject({
      tool_choice: toolChoice,
    });
    expect(await bodyFor(chatCall({ toolChoice }))).not.toHaveProperty('tool_choice');
  });

  test('fields of the provider alone go along, but change nothing that the adapter sets', async () => {
    const options = {
      service_tier: 'flex',
      model: 'other',
      messages: [],
      stream: false,
      stream_options: { include_usage: false },
      metadata: { a: 'b' },
    };
    expect(await bodyFor(chatCall({ options }))).toEqual({
      service_tier: 'flex',
      metadata: { a: 'b' },
      model: 'gpt-4.1-mini',
      messages: [{ role: 'user', content: 'Say hello to Ada.' }],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test('parts that a server does not take are named, and never sent', async () => {
    const media = someFile('audio/ogg');
    const content: ChatCall['messages'][number]['content'] = [
      { type: 'audio', media },
      { type: 'document', media: someFile('application/pdf') },
    ];
    const call = chatCall({ messages: [{ role: 'user', content }] });
    expect(makeAdapter().unsupported?.(call)).toEqual(['audio']);
    const { fetch, sent } = capturing({});
    const adapter = makeAdapter({ fetch, profile: openAiCompatibleProfiles.groq });
    expect(adapter.unsupported?.(call)).toEqual(['audio', 'document']);
    expect(await adapter.submitJob(call, contextOf())).toMatchObject({
      kind: 'failed',
      failure: { class: 'unsupported_parameter', phase: 'not_sent' },
    });
    expect(sent).toEqual([]);
  });

  test('a file that is gone stops the call before it is sent', async () => {
    const { fetch, sent } = capturing({});
    const call = chatCall({
      messages: [{ role: 'user', content: [{ type: 'image', media: someFile('image/png') }] }],
    });
    const gone = Object.assign(new Error('deleted'), { name: 'MediaGone' });
    const media = {
      read: () => Promise.reject(gone),
      stream: () => Promise.reject(gone),
      url: async () => null,
    };
    expect(await makeAdapter({ fetch }).submitJob(call, contextOf({ media }))).toMatchObject({
      kind: 'failed',
      failure: { class: 'invalid_request', phase: 'not_sent', code: 'file_gone' },
    });
    expect(sent).toEqual([]);
  });
});

describe('a reply with tool calls', () => {
  const call = chatCall({ tools });
  const asked = { id: 'call_1', type: 'function', function: { name: 'now', arguments: '{}' } };

  function resultOf(message: object, finishReason: string) {
    const choices = [{ index: 0, message, finish_reason: finishReason }];
    const outcome = makeAdapter().normalizeOutput(
      reply(200, JSON.parse(JSON.stringify({ choices }))),
      call,
    );
    return outcome.kind === 'done' ? outcome.reply.result : outcome;
  }

  test('gives them', () => {
    expect(resultOf({ content: null, tool_calls: [asked] }, 'tool_calls')).toEqual({
      kind: 'chat',
      text: '',
      finishReason: 'tool_calls',
      toolCalls: [{ id: 'call_1', name: 'now', arguments: '{}' }],
    });
  });

  test('that says `stop`, gives JSON for text and no id is read all the same', () => {
    const message = {
      content: 'Let me see.',
      tool_calls: [{ function: { name: 'now', arguments: {} } }],
    };
    expect(resultOf(message, 'stop')).toEqual({
      kind: 'chat',
      text: 'Let me see.',
      finishReason: 'tool_calls',
      toolCalls: [{ id: 'call_0', name: 'now', arguments: '{}' }],
    });
  });
});
