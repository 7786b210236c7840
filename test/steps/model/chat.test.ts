import { describe, expect, test } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import type { ModelSetting } from '../../../src/steps/model/port.ts';
import { modelSteps } from '../../../src/steps/model/table.ts';
import { fileId, mediaRef, replyWith, settingWith } from './support.ts';

const step = modelSteps['model.chat'];
const [photo, paper, sound] = [fileId('1'), fileId('2'), fileId('3')];
const media = new Map([
  [photo, mediaRef(photo, 'image/png')],
  [paper, mediaRef(paper, 'application/pdf')],
  [sound, mediaRef(sound, 'audio/wav')],
]);

function callOf(input: Json, more: Partial<ModelSetting> = {}) {
  return step.call(step.input.parse(input), settingWith({ media, ...more }));
}

describe('messages', () => {
  const messages = [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image', file: photo, detail: 'low' },
        { type: 'audio', file: sound },
        { type: 'document', file: paper },
      ],
    },
    { role: 'assistant', tool_calls: [{ id: 'c1', name: 'look', arguments: '{}' }] },
    { role: 'tool', tool_call_id: 'c1', content: 'a gate' },
  ];

  test('keep their parts, tools and order', () => {
    expect(callOf({ messages })).toMatchObject({
      ok: true,
      value: {
        messages: [
          { role: 'system', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is this?' },
              { type: 'image', detail: 'low', media: { file: photo } },
              { type: 'audio', media: { file: sound } },
              { type: 'document', media: { file: paper } },
            ],
          },
          {
            role: 'assistant',
            content: '',
            toolCalls: [{ id: 'c1', name: 'look', arguments: '{}' }],
          },
          { role: 'tool', toolCallId: 'c1', content: 'a gate' },
        ],
      },
    });
  });

  test('name their files with their places and what each is for', () => {
    const input = step.input.parse({ messages, images: [photo], files: [paper] });
    expect(step.files?.(input)).toEqual([
      { id: photo, path: ['messages', 1, 'content', 1, 'file'], use: 'image' },
      { id: sound, path: ['messages', 1, 'content', 2, 'file'], use: 'audio' },
      { id: paper, path: ['messages', 1, 'content', 3, 'file'], use: 'document' },
      { id: photo, path: ['images', 0], use: 'image' },
      { id: paper, path: ['files', 0], use: 'attachment' },
    ]);
  });

  test('of plain texts stay as they were', () => {
    const plain = [{ role: 'user', content: 'hi' }];
    expect(callOf({ messages: plain })).toEqual({
      ok: true,
      value: {
        kind: 'chat',
        model: 'm',
        messages: plain,
        parameters: {},
        output: { kind: 'text' },
      },
    });
  });
});

describe('files beside a prompt', () => {
  const prompt: ModelSetting['prompt'] = {
    messages: [
      { role: 'user', content: 'first' },
      { role: 'assistant', content: 'yes' },
      { role: 'user', content: 'Look at {{ vars.what }}.' },
      { role: 'assistant', content: '{' },
    ],
  };

  test('follow the text of the last thing that the user says', () => {
    const input = { vars: { what: 'these' }, images: [photo], files: [paper, sound] };
    expect(callOf(input, { prompt })).toMatchObject({
      value: {
        messages: [
          { content: 'first' },
          { content: 'yes' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Look at these.' },
              { type: 'image', media: { file: photo } },
              { type: 'document', media: { file: paper } },
              { type: 'audio', media: { file: sound } },
            ],
          },
          { content: '{' },
        ],
      },
    });
  });

  test('need something that the user says', () => {
    expect(callOf({ images: [photo] })).toMatchObject({
      ok: false,
      failure: { class: 'step_input_invalid', phase: 'not_sent' },
    });
  });
});

test('tools are passed on, and one without parameters takes none', () => {
  const tools = [{ name: 'look_up', description: 'Finds it.' }];
  const input = {
    messages: [{ role: 'user', content: 'x' }],
    tools,
    tool_choice: { name: 'look_up' },
  };
  expect(callOf(input)).toMatchObject({
    value: {
      tools: [
        {
          name: 'look_up',
          description: 'Finds it.',
          parameters: { type: 'object', properties: {} },
        },
      ],
      toolChoice: { name: 'look_up' },
    },
  });
});

describe('an answer', () => {
  const schema = { type: 'object' };

  test('says what was used and which model ran', () => {
    const reply = replyWith({ kind: 'chat', text: '{}', finishReason: 'stop' });
    expect(step.output(reply, settingWith({ schema }), [])).toEqual({
      ok: true,
      value: {
        text: '{}',
        finish_reason: 'stop',
        model: 'm-2026',
        usage: { input_tokens: 3, cache_read_tokens: 1 },
        json: {},
      },
    });
  });

  test('that asks for tools is no JSON yet', () => {
    const toolCalls = [{ id: 'c', name: 'look', arguments: '{"a":1}' }];
    const reply = replyWith(
      { kind: 'chat', text: '', finishReason: 'tool_calls', toolCalls },
      { usage: {} },
    );
    expect(step.output(reply, settingWith({ schema }), [])).toEqual({
      ok: true,
      value: { text: '', finish_reason: 'tool_calls', model: 'm-2026', tool_calls: toolCalls },
    });
  });
});
