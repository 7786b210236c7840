import { afterEach, expect, test, vi } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import type { CallContext } from '../../../src/providers/port.ts';
import { capturing } from '../captured.ts';
import { contextOf, someFile } from '../calling.ts';
import {
  baseUrl,
  callbackUrl,
  falKey,
  imageCall,
  makeAdapter,
  queued,
  ticket,
  transcribeCall,
} from './support.ts';

afterEach(() => vi.useRealTimers());

async function sentFor(call: ModelCall, context: Partial<CallContext> = {}) {
  const { fetch, sent } = capturing(queued);
  const outcome = await makeAdapter(fetch).submitJob(call, contextOf(context));
  expect(sent).toHaveLength(1);
  return { outcome, sent: sent[0] };
}

test('a request is queued with its webhook, its start timeout and without retries by fal', async () => {
  vi.useFakeTimers({ now: 1_000_000 });
  const call = imageCall({
    execution: 'background',
    count: 2,
    size: { width: 1024, height: 768 },
    format: 'jpeg',
    seed: 7,
    negativePrompt: 'blur',
    images: [someFile('image/png')],
    options: { priority: 'low', guidance_scale: 3.5, prompt: 'another', stream: true },
  });
  const { outcome, sent } = await sentFor(call, { callbackUrl, deadlineAtMs: 1_090_500 });
  expect(outcome).toEqual({ kind: 'pending', ticket, checkInMs: 20_000 });
  expect(sent).toEqual({
    url: `${baseUrl}/fal-ai/flux/dev?fal_webhook=https%3A%2F%2Fpenstock.example%2Fcallbacks%2Fv1.abc.def`,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-fal-no-retry': '1',
      'x-fal-queue-priority': 'low',
      'x-fal-request-timeout': '91',
      authorization: `Key ${falKey}`,
    },
    body: {
      guidance_scale: 3.5,
      prompt: 'a red fox',
      num_images: 2,
      image_size: { width: 1024, height: 768 },
      output_format: 'jpeg',
      seed: 7,
      negative_prompt: 'blur',
      image_url: 'data:image/png;base64,AQID',
    },
  });
});

test('little is said where little is known', async () => {
  const { outcome, sent } = await sentFor(imageCall({ options: { priority: 'highest' } }));
  expect(outcome).toMatchObject({ kind: 'pending', checkInMs: 2_000 });
  expect(sent).toMatchObject({ url: `${baseUrl}/fal-ai/flux/dev`, body: { prompt: 'a red fox' } });
  expect(Object.keys(sent?.headers ?? {})).toEqual([
    'authorization',
    'content-type',
    'x-fal-no-retry',
  ]);
  vi.useFakeTimers({ now: 1_000_000 });
  const late = await sentFor(imageCall(), { deadlineAtMs: 999_000 });
  expect(late.sent?.headers).toMatchObject({ 'x-fal-request-timeout': '2' });
});

test('several images go into a list, and a sound to its own field', async () => {
  const images = [someFile('image/png'), someFile('image/webp')];
  expect((await sentFor(imageCall({ images }))).sent?.body).toEqual({
    prompt: 'a red fox',
    image_urls: ['data:image/png;base64,AQID', 'data:image/webp;base64,AQID'],
  });
  const call = transcribeCall({ language: 'en', prompt: 'Ada', timestamps: 'word', diarize: true });
  expect((await sentFor(call)).sent?.body).toEqual({
    audio_url: 'data:audio/mpeg;base64,AQID',
    language: 'en',
    prompt: 'Ada',
    chunk_level: 'word',
    diarize: true,
  });
});

test.each([
  ['fal-ai/flux/dev', '/fal-ai/flux'],
  ['fal-ai/whisper', '/fal-ai/whisper'],
  ['fal-ai/kling-video/v3/pro/text-to-video', '/fal-ai/kling-video'],
  ['workflows/acme/thumbnails/extra', '/workflows/acme/thumbnails'],
  ['comfy/acme/thumbnails', '/comfy/acme/thumbnails'],
  ['a?b/../..', '/a%3Fb/_'],
])('the work of %s lies below %s', async (model, app) => {
  const { fetch, sent } = capturing({ status: 'ALREADY_COMPLETED' }, 400);
  await makeAdapter(fetch).cancelJob?.(ticket, imageCall({ model }), contextOf());
  expect(sent).toMatchObject([
    {
      url: `${baseUrl}${app}/requests/${ticket.providerJobId}/cancel`,
      method: 'PUT',
      headers: { authorization: `Key ${falKey}` },
    },
  ]);
});

test('what it cannot be told is named', async () => {
  const adapter = makeAdapter();
  expect(adapter.unsupported?.(imageCall({ quality: 'high' }))).toEqual(['quality']);
  expect(adapter.unsupported?.(transcribeCall({ diarize: true }))).toEqual([]);
  expect(await adapter.submitJob(imageCall({ execution: 'sync' }), contextOf())).toMatchObject({
    failure: { phase: 'not_sent', code: 'unsupported_execution' },
  });
});
