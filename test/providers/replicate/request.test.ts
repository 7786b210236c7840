import { afterEach, describe, expect, test, vi } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import type { CallContext } from '../../../src/providers/port.ts';
import { capturing } from '../captured.ts';
import { contextOf, someFile } from '../calling.ts';
import {
  apiToken,
  baseUrl,
  callbackUrl,
  imageCall,
  makeAdapter,
  prediction,
  ticket,
  transcribeCall,
} from './support.ts';

afterEach(() => vi.useRealTimers());

async function sentFor(call: ModelCall, context: Partial<CallContext> = {}) {
  const { fetch, sent } = capturing(prediction('starting'), 201);
  const outcome = await makeAdapter(fetch).submitJob(call, contextOf(context));
  expect(sent).toHaveLength(1);
  return { outcome, sent: sent[0] };
}

describe('a prediction is created', () => {
  test('with its input, its webhook and its deadline', async () => {
    vi.useFakeTimers({ now: 1_000_000 });
    const call = imageCall({
      execution: 'background',
      count: 2,
      size: { width: 1024, height: 768 },
      format: 'jpeg',
      seed: 7,
      negativePrompt: 'blur',
      options: {
        input: { go_fast: true, prompt: 'another' },
        webhook: 'https://elsewhere.example/',
        webhook_events_filter: ['start'],
        version: 'other',
        stream: true,
      },
    });
    const { outcome, sent } = await sentFor(call, { callbackUrl, deadlineAtMs: 1_089_400 });
    expect(outcome).toEqual({ kind: 'pending', ticket, checkInMs: 20_000 });
    expect(sent).toEqual({
      url: `${baseUrl}/models/black-forest-labs/flux-schnell/predictions`,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'cancel-after': '1m30s',
        authorization: `Bearer ${apiToken}`,
      },
      body: {
        input: {
          go_fast: true,
          prompt: 'a red fox',
          num_outputs: 2,
          width: 1024,
          height: 768,
          output_format: 'jpg',
          seed: 7,
          negative_prompt: 'blur',
        },
        webhook: callbackUrl,
        webhook_events_filter: ['completed'],
      },
    });
  });

  test('without a webhook or a deadline where there is none, and then asked after soon', async () => {
    const { outcome, sent } = await sentFor(imageCall());
    expect(outcome).toMatchObject({ kind: 'pending', checkInMs: 2_000 });
    expect(sent?.headers).not.toHaveProperty('cancel-after');
    expect(sent?.body).toEqual({ input: { prompt: 'a red fox' } });
  });

  test.each([
    [1, '5s'],
    [-1, '5s'],
    [59_001, '1m'],
    [3_600_000, '60m'],
    [61_000, '1m1s'],
  ])('with %d ms left, it is to be cancelled after %s', async (leftMs, text) => {
    vi.useFakeTimers({ now: 1_000_000 });
    const { sent } = await sentFor(imageCall(), { deadlineAtMs: 1_000_000 + leftMs });
    expect(sent?.headers['cancel-after']).toBe(text);
  });

  const version = '5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15ccaa';
  test.each([
    ['black-forest-labs/flux-dev', '/models/black-forest-labs/flux-dev/predictions', undefined],
    [`stability-ai/sdxl:${version}`, '/predictions', version],
    [version, '/predictions', version],
    ['deployments/acme/upscaler', '/deployments/acme/upscaler/predictions', undefined],
    ['../..', '/models/_/_/predictions', undefined],
    ['own er/na?me', '/models/own%20er/na%3Fme/predictions', undefined],
  ])('of %s at %s', async (model, path, wanted) => {
    const { sent } = await sentFor(imageCall({ model }));
    expect(sent?.url).toBe(`${baseUrl}${path}`);
    expect(sent?.body).toEqual({
      ...(wanted === undefined ? {} : { version: wanted }),
      input: { prompt: 'a red fox' },
    });
  });

  test('with files as addresses, or as data where there is no address', async () => {
    const call = imageCall({ images: [someFile('image/png')] });
    const withData = await sentFor(call);
    expect(withData.sent?.body).toMatchObject({ input: { image: 'data:image/png;base64,AQID' } });
    const media = {
      read: async () => Uint8Array.of(1),
      stream: async () => new Blob([]).stream(),
      url: async () => 'https://penstock.example/files/x',
    };
    const withUrl = await sentFor(
      transcribeCall({ language: 'en', prompt: 'Ada, Grace', timestamps: 'segment' }),
      { media },
    );
    expect(withUrl.sent?.body).toEqual({
      input: {
        audio: 'https://penstock.example/files/x',
        language: 'en',
        initial_prompt: 'Ada, Grace',
      },
    });
  });

  test.each([
    [imageCall({ quality: 'high' }), ['quality']],
    [imageCall({ images: [someFile('image/png'), someFile('image/png')] }), ['images']],
    [transcribeCall({ timestamps: 'word', diarize: true }), ['timestamps', 'diarize']],
    [transcribeCall({ timestamps: 'segment', diarize: false }), []],
  ])('what it cannot be told is named: %#', async (call, fields) => {
    expect(makeAdapter().unsupported?.(call)).toEqual(fields);
  });

  test.each(['sync', 'batch'] as const)('%s is no way to ask', async (execution) => {
    expect(await makeAdapter().submitJob(imageCall({ execution }), contextOf())).toMatchObject({
      kind: 'failed',
      failure: { phase: 'not_sent', code: 'unsupported_execution' },
    });
  });
});

test('a prediction is cancelled, whatever is answered', async () => {
  const { fetch, sent } = capturing({ detail: 'gone' }, 404);
  await makeAdapter(fetch).cancelJob?.(ticket, imageCall(), contextOf());
  expect(sent).toEqual([
    {
      url: `${baseUrl}/predictions/${ticket.providerJobId}/cancel`,
      method: 'POST',
      headers: { authorization: `Bearer ${apiToken}` },
      body: {},
    },
  ]);
});
