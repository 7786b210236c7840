import { describe, expect, test } from 'vitest';

import type { ClassifyCall } from '../../../src/domain/model/model-call.ts';
import type { CallOutcome } from '../../../src/providers/port.ts';
import {
  chatOfClassify,
  classifyOutcome,
  refuseWithoutLabels,
} from '../../../src/providers/shared/classify-by-chat.ts';
import { isStrictSchema } from '../../../src/providers/openai-compatible/chat/strict-schema.ts';

const call: ClassifyCall = {
  kind: 'classify',
  model: 'small-1',
  text: 'My card was charged twice.',
  labels: [{ label: 'billing', description: 'Money "owed" or paid' }, { label: 'bug' }],
  topN: 1,
  options: { service_tier: 'flex' },
};
const asked = { provider: 'openai', model: 'small-1', secretName: 'OPENAI_API_KEY', secrets: [] };

function outcomeOf(text: string): CallOutcome {
  const done: CallOutcome = {
    kind: 'done',
    reply: {
      result: { kind: 'chat', text, finishReason: 'stop' },
      usage: { inputTokens: 9, outputTokens: 3 },
      rawUsage: { prompt_tokens: 9 },
      returnedModel: 'small-1-x',
      providerRequestId: 'req_1',
    },
  };
  return classifyOutcome(done, call, asked, { status: 200 });
}

describe('a classification put as a chat', () => {
  test('asks for the labels by a schema that can be enforced', () => {
    const chat = chatOfClassify(call);
    expect(chat).toMatchObject({
      kind: 'chat',
      model: 'small-1',
      options: { service_tier: 'flex' },
      messages: [{ role: 'system' }, { role: 'user', content: 'My card was charged twice.' }],
      output: {
        kind: 'json',
        schema: {
          properties: {
            labels: { items: { properties: { label: { enum: ['billing', 'bug'] } } } },
          },
        },
      },
    });
    expect(chat.messages[0]?.content).toContain(
      '{"label":"billing","description":"Money \\"owed\\"',
    );
    expect(chat.output.kind === 'json' && isStrictSchema(chat.output.schema)).toBe(true);
  });

  test('gives the best labels, each once, no more than asked for', () => {
    const text = JSON.stringify({
      labels: [
        { label: 'bug', score: 0.2 },
        { label: 'billing', score: 0.9 },
        { label: 'bug', score: 1 },
      ],
    });
    expect(outcomeOf(text)).toMatchObject({
      kind: 'done',
      reply: {
        result: { kind: 'classify', labels: [{ label: 'billing', score: 0.9 }] },
        usage: { inputTokens: 9 },
      },
    });
  });

  test('JSON in a fence is read', () => {
    expect(outcomeOf('```json\n{"labels":[{"label":"bug","score":1}]}\n```')).toMatchObject({
      reply: { result: { labels: [{ label: 'bug', score: 1 }] } },
    });
  });

  test.each([
    ['no JSON', 'billing'],
    ['a list', '[]'],
    ['no labels', '{"labels":[]}'],
    ['a label of its own', '{"labels":[{"label":"other","score":1}]}'],
    ['a score over 1', '{"labels":[{"label":"bug","score":90}]}'],
    ['a score in words', '{"labels":[{"label":"bug","score":"high"}]}'],
  ])('%s was paid for but is no result', (_name, text) => {
    expect(outcomeOf(text)).toMatchObject({
      kind: 'failed',
      failure: { class: 'output_invalid', phase: 'finished', code: 'labels_invalid' },
      spent: { usage: { inputTokens: 9, outputTokens: 3 }, providerRequestId: 'req_1' },
    });
  });

  test('without labels there is nothing to choose from', () => {
    expect(refuseWithoutLabels(call, asked)).toBeNull();
    expect(refuseWithoutLabels({ ...call, labels: [] }, asked)).toMatchObject({
      class: 'invalid_request',
      phase: 'not_sent',
    });
  });
});
