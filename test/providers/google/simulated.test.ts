import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import { makeGoogle } from '../../../src/providers/google/adapter.ts';
import { startSimulator, type Simulator } from '../../support/simulator/simulator.ts';
import { contextOf } from '../calling.ts';
import { chatCall, classifyCall, embedCall, imageCall, secretKey } from './support.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
beforeEach(() => simulator.reset());
afterAll(() => simulator.close());

const submit = (call: ModelCall, onText: (piece: string) => void = () => undefined) =>
  makeGoogle({
    id: 'google',
    baseUrl: `${simulator.url}/google/v1beta`,
    apiKey: secretKey,
    secretName: 'GOOGLE_API_KEY',
    fetch,
  }).submitJob(call, contextOf({ onText }));

test('a chat is streamed, counted and paid once', async () => {
  const heard: string[] = [];
  const text = 'Simulated answer to: Say hello to Ada.';
  expect(await submit(chatCall(), (piece) => void heard.push(piece))).toMatchObject({
    kind: 'done',
    reply: {
      result: { text, finishReason: 'stop' },
      usage: { inputTokens: 5, outputTokens: 10 },
      returnedModel: 'gemini-2.5-flash',
    },
  });
  expect(heard.length).toBeGreaterThan(1);
  expect(heard.join('')).toBe(text);
  const path = '/google/v1beta/models/gemini-2.5-flash:streamGenerateContent';
  expect(simulator.journal()).toMatchObject([{ path, model: 'gemini-2.5-flash', paid: true }]);
});

test('JSON, labels, tools, vectors and pictures', async () => {
  const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
  expect(await submit(chatCall({ output: { kind: 'json', schema } }))).toMatchObject({
    reply: { result: { text: '{"name":"Say hello to Ada"}' } },
  });
  expect(await submit(classifyCall)).toMatchObject({ reply: { result: { kind: 'classify' } } });
  const tools = [{ name: 'greet', parameters: schema }];
  expect(await submit(chatCall({ tools, toolChoice: { name: 'greet' } }))).toMatchObject({
    reply: {
      result: {
        finishReason: 'tool_calls',
        toolCalls: [{ name: 'greet', arguments: '{"name":"Say hello to Ada"}' }],
      },
    },
  });
  const embedded = await submit(embedCall({ dimensions: 8 }));
  const vectors =
    embedded.kind === 'done' && embedded.reply.result.kind === 'embed'
      ? embedded.reply.result.vectors
      : [];
  expect(vectors.map((vector) => vector.length)).toEqual([8, 8]);
  expect(await submit(imageCall())).toMatchObject({
    reply: { result: { images: [{ media: { mimeType: 'image/png' } }] }, usage: { images: 1 } },
  });
});

test.each([
  [
    { status: 429, retry_after: 3 },
    { class: 'rate_limited', phase: 'rejected', retryAfterMs: 3000 },
  ],
  [{ status: 503 }, { class: 'overloaded', phase: 'unknown' }],
  [{ status: 403 }, { class: 'permission', phase: 'rejected' }],
  [{ stream_error: 1 }, { class: 'overloaded', phase: 'unknown' }],
  [{ drop: 'mid_body' }, { class: 'network', phase: 'unknown' }],
  [{ malformed: 'invalid' }, { class: 'provider_internal' }],
  [{ not_json: true }, { class: 'provider_internal', status: 502 }],
  [{ refusal: true }, { class: 'content_blocked_output', phase: 'finished' }],
] as const)('a fault of the provider: %j', async (fault, failure) => {
  simulator.script({ fault });
  expect(await submit(chatCall())).toMatchObject({ kind: 'failed', failure });
});
