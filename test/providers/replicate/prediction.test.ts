import { describe, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import { capturing } from '../captured.ts';
import { contextOf } from '../calling.ts';
import {
  baseUrl,
  callbackUrl,
  imageCall,
  makeAdapter,
  prediction,
  ticket,
  transcribeCall,
} from './support.ts';
import { reply } from '../calling.ts';

function read(body: unknown, call: ModelCall = imageCall()) {
  return makeAdapter().normalizeOutput(reply(200, body), call);
}

async function asked(answer: unknown, status = 200) {
  const { fetch, sent } = capturing(answer, status);
  const context = contextOf({ callbackUrl });
  const outcome = await makeAdapter(fetch).getJobStatus?.(ticket, imageCall(), context);
  return { outcome, sent };
}

const url = (name: string) => `https://replicate.delivery/xezq/${name}`;

function media(name: string) {
  return { media: { source: { kind: 'url', url: url(name) }, mimeType: null } };
}

describe('images', () => {
  test.each([
    ['a text', url('a.png'), [media('a.png')]],
    ['a list', [url('a.png'), url('b.png')], [media('a.png'), media('b.png')]],
    ['an object', { url: url('a.png') }, [media('a.png')]],
    ['a list of objects', [{ url: url('a.png'), name: 'a' }], [media('a.png')]],
    ['an object with a list', { images: [url('a.png')], seed: 3 }, [media('a.png')]],
    ['an object with a file', { seed: 3, output: { uri: url('a.png') } }, [media('a.png')]],
    [
      'data in a URL',
      'data:image/webp;base64,UklGRg==',
      [{ media: { source: { kind: 'base64', data: 'UklGRg==' }, mimeType: 'image/webp' } }],
    ],
  ])('are found in %s', (_name, output, images) => {
    const body = prediction('succeeded', { output, metrics: { predict_time: 1.2345 } });
    expect(read(body)).toEqual({
      kind: 'done',
      reply: {
        result: { kind: 'image', images },
        usage: { computeMs: 1235, images: images.length },
        rawUsage: { predict_time: 1.2345 },
        returnedModel: 'black-forest-labs/flux-schnell',
        providerRequestId: ticket.providerJobId,
      },
    });
  });

  test.each([[null], ['a text'], [[]], [{ text: 'no' }], [['javascript:alert(1)']]])(
    'that are not there were paid for all the same: %j',
    (output) => {
      expect(read(prediction('succeeded', { output, metrics: { predict_time: 1 } }))).toMatchObject(
        {
          kind: 'failed',
          failure: { class: 'output_invalid', phase: 'finished', code: 'no_image' },
          spent: { usage: { computeMs: 1000 } },
        },
      );
    },
  );

  test('that were removed before anyone asked', () => {
    expect(read(prediction('succeeded', { data_removed: true }))).toMatchObject({
      kind: 'failed',
      failure: { class: 'provider_internal', phase: 'finished', code: 'output_removed' },
    });
  });
});

describe('transcripts', () => {
  test.each([
    ['Good morning.', 'Good morning.', null, []],
    [['Good ', 'morning.'], 'Good morning.', null, []],
    [
      {
        transcription: ' Good morning.',
        detected_language: 'english',
        segments: [{ start: 0, end: 1.5, text: ' Good morning.', speaker: 'SPEAKER_00' }],
      },
      ' Good morning.',
      'english',
      [{ start: 0, end: 1.5, text: 'Good morning.', speaker: 'SPEAKER_00' }],
    ],
    [
      { text: 'Hi.', chunks: [{ timestamp: [0.5, 1], text: 'Hi.' }, { timestamp: [1, null] }] },
      'Hi.',
      null,
      [{ start: 0.5, end: 1, text: 'Hi.' }],
    ],
  ])('are read from %j', (output, text, language, segments) => {
    const call = transcribeCall({ timestamps: 'segment' });
    expect(read(prediction('succeeded', { output }), call)).toMatchObject({
      kind: 'done',
      reply: {
        result: { kind: 'transcribe', text, language, durationSeconds: null, segments, words: [] },
        usage: {},
      },
    });
  });

  test('that are none', () => {
    expect(read(prediction('succeeded', { output: [1] }), transcribeCall())).toMatchObject({
      failure: { class: 'output_invalid', phase: 'finished', code: 'no_transcript' },
    });
  });
});

describe('predictions that fail', () => {
  const blocked = ['content_blocked_output', 'finished', 'content_flagged'];
  test.each([
    ['NSFW content detected. Try running it again.', ...blocked],
    ['The input or output was flagged as sensitive. (E005)', ...blocked],
    [
      'CUDA out of memory. Tried to allocate 2 GiB',
      'payload_too_large',
      'accepted',
      'out_of_memory',
    ],
    ['E1001: Model out of memory', 'payload_too_large', 'accepted', 'out_of_memory'],
    ['Prediction timed out', 'timeout', 'accepted', 'prediction_timeout'],
    [
      'Prediction interrupted; please retry (code: PA)',
      'overloaded',
      'accepted',
      'prediction_interrupted',
    ],
    ["'NoneType' object is not iterable", 'provider_internal', 'accepted', 'prediction_failed'],
  ])('%s', (error, failureClass, phase, code) => {
    const body = prediction('failed', { error, metrics: { predict_time: 4 } });
    expect(read(body)).toMatchObject({
      kind: 'failed',
      failure: { class: failureClass, phase, code, detail: { message: error } },
      spent: { usage: { computeMs: 4000 } },
    });
  });

  test('cancelled ones cost what they ran', () => {
    const body = prediction('canceled', { metrics: { predict_time: 0.5 } });
    expect(read(body)).toMatchObject({
      failure: { class: 'cancelled', phase: 'accepted', code: 'cancelled_at_provider' },
      spent: { usage: { computeMs: 500 } },
    });
  });

  test('cancelled at their deadline, they are late', () => {
    const body = prediction('canceled', {
      deadline: '2026-11-22T10:01:00Z',
      completed_at: '2026-11-22T10:01:00.250Z',
    });
    expect(read(body)).toMatchObject({
      failure: { class: 'timeout', phase: 'accepted', code: 'deadline_at_provider' },
    });
  });

  test('aborted before the start, they cost nothing', () => {
    expect(read(prediction('aborted', { metrics: { predict_time: 3 } }))).toMatchObject({
      failure: { class: 'timeout', phase: 'accepted', code: 'deadline_before_start' },
      spent: { usage: {}, reportedCostNanoUsd: 0 },
    });
  });
});

describe('the status of a prediction', () => {
  test.each(['starting', 'processing'])('%s: it is asked again', async (status) => {
    const { outcome, sent } = await asked(prediction(status));
    expect(outcome).toEqual({ kind: 'pending', ticket, checkInMs: 20_000 });
    expect(sent).toMatchObject([
      { url: `${baseUrl}/predictions/${ticket.providerJobId}`, method: 'GET', body: null },
    ]);
  });

  test('succeeded: the result', async () => {
    const { outcome } = await asked(prediction('succeeded', { output: url('a.png') }));
    expect(outcome).toMatchObject({ kind: 'done', reply: { usage: { images: 1 } } });
  });

  test('of an odd name is no answer, and asked again', async () => {
    expect((await asked(prediction('thinking'))).outcome).toMatchObject({ kind: 'pending' });
  });

  test('a throttled question is asked later, and says nothing of the work', async () => {
    const detail = 'Request was throttled. Your rate limit resets in ~30s.';
    expect((await asked({ detail }, 429)).outcome).toEqual({
      kind: 'pending',
      ticket,
      checkInMs: 30_000,
    });
  });

  test('a prediction that is gone was accepted all the same', async () => {
    expect((await asked({ detail: 'Not found.' }, 404)).outcome).toMatchObject({
      kind: 'failed',
      failure: { phase: 'accepted', status: 404 },
    });
  });
});
