import { describe, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import { contextOf } from '../calling.ts';
import {
  type Answer,
  answering,
  baseUrl,
  callbackUrl,
  imageCall,
  imageResult,
  makeAdapter,
  ticket,
  transcribeCall,
} from './support.ts';
import { reply } from '../calling.ts';

const work = `${baseUrl}/fal-ai/flux/requests/${ticket.providerJobId}`;
const completed = [200, { status: 'COMPLETED', metrics: { inference_time: 1.25 } }] as const;

async function asked(...answers: readonly Answer[]) {
  const { fetch, sent } = answering(...answers);
  const context = contextOf({ callbackUrl });
  const outcome = await makeAdapter(fetch).getJobStatus?.(ticket, imageCall(), context);
  return { outcome, sent };
}

function read(body: unknown, call: ModelCall = imageCall()) {
  return makeAdapter().normalizeOutput(reply(200, body), call);
}

describe('the status of a request', () => {
  test.each(['IN_QUEUE', 'IN_PROGRESS'])('%s: it is asked again', async (status) => {
    const { outcome, sent } = await asked([202, { status, queue_position: 3 }]);
    expect(outcome).toEqual({ kind: 'pending', ticket, checkInMs: 20_000 });
    expect(sent).toEqual([{ url: `${work}/status`, method: 'GET' }]);
  });

  test('COMPLETED: the result is fetched', async () => {
    const { outcome, sent } = await asked(completed, [200, imageResult]);
    expect(sent).toEqual([
      { url: `${work}/status`, method: 'GET' },
      { url: work, method: 'GET' },
    ]);
    expect(outcome).toEqual({
      kind: 'done',
      reply: {
        result: {
          kind: 'image',
          images: [
            {
              media: {
                source: { kind: 'url', url: 'https://v3.fal.media/files/rabbit/a.png' },
                mimeType: 'image/png',
              },
            },
          ],
        },
        usage: { computeMs: 1250, images: 1 },
        rawUsage: { inference_time: 1.25 },
        returnedModel: 'fal-ai/flux/dev',
        providerRequestId: ticket.providerJobId,
      },
    });
  });

  const policy = {
    detail: [{ loc: ['body', 'prompt'], msg: 'flagged', type: 'content_policy_violation' }],
  };
  test.each([
    ['a 422', [422, policy] as const, 'content_blocked_input', 'content_policy_violation'],
    [
      'a 500',
      [500, { detail: 'x', error_type: 'runner_server_error' }] as const,
      'provider_internal',
      'runner_server_error',
    ],
    [
      'an own start timeout',
      [
        504,
        { detail: 'late', error_type: 'request_timeout' },
        { 'x-fal-request-timeout-type': 'user' },
      ] as const,
      'timeout',
      'start_timeout',
    ],
  ])('COMPLETED may be an error: %s', async (_name, answer, failureClass, code) => {
    const { outcome } = await asked(completed, answer);
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: failureClass, phase: 'accepted', code },
    });
  });

  test('COMPLETED may say its error itself', async () => {
    const status = { status: 'COMPLETED', error: 'Runner died', error_type: 'runner_disconnected' };
    expect((await asked([200, status], [200, {}])).outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'provider_internal', phase: 'accepted', code: 'runner_disconnected' },
    });
  });

  test.each([
    ['an odd word', [[200, { status: 'THINKING' }]] as const],
    ['a throttled question', [[429, { detail: 'slow' }]] as const],
    ['a 503 without a word of the work', [completed, [503, {}]] as const],
    ['a throttled result', [completed, [429, { detail: 'slow' }]] as const],
    ['a result that is no object', [completed, [200, 'x']] as const],
  ])('asked again after %s', async (_name, answers) => {
    expect((await asked(...answers)).outcome).toMatchObject({ kind: 'pending', ticket });
  });

  test('a wrong key ends the asking', async () => {
    expect((await asked([401, { detail: 'No user found' }])).outcome).toMatchObject({
      failure: { class: 'auth', phase: 'accepted' },
    });
  });
});

const url = (name: string) => `https://v3.fal.media/files/${name}`;

describe('results', () => {
  test('flagged images are left out, and paid for', () => {
    const images = [{ url: url('a.png') }, { url: url('b.png') }];
    expect(read({ images, has_nsfw_concepts: [true, false] })).toMatchObject({
      kind: 'done',
      reply: {
        result: { images: [{ media: { source: { url: url('b.png') } } }] },
        usage: { images: 2 },
      },
    });
    expect(read({ images, has_nsfw_concepts: [true, true] })).toMatchObject({
      kind: 'failed',
      failure: { class: 'content_blocked_output', phase: 'finished', code: 'nsfw_flagged' },
      spent: { usage: { images: 2 } },
    });
  });

  test('one image, or data in its URL', () => {
    expect(read({ image: { url: 'data:image/jpeg;base64,/9j/' } })).toMatchObject({
      reply: {
        result: {
          images: [{ media: { source: { kind: 'base64', data: '/9j/' }, mimeType: 'image/jpeg' } }],
        },
      },
    });
  });

  test.each([{ images: [] }, { images: [{ url: 'file:///etc/passwd' }] }, { video: {} }])(
    'no image: %j',
    (body) => {
      expect(read(body)).toMatchObject({
        failure: { class: 'output_invalid', phase: 'finished', code: 'no_image' },
      });
    },
  );

  const chunks = [
    { timestamp: [0, 0.4], text: ' Good', speaker: 'SPEAKER_0' },
    { timestamp: [0.4, null], text: 'cut' },
  ];
  test.each([
    ['segment', [{ text: 'Good', start: 0, end: 0.4, speaker: 'SPEAKER_0' }], []],
    ['word', [], [{ word: 'Good', start: 0, end: 0.4, speaker: 'SPEAKER_0' }]],
  ] as const)('a transcript by %s', (timestamps, segments, words) => {
    const body = { text: 'Good', chunks, inferred_languages: ['en'] };
    expect(read(body, transcribeCall({ timestamps }))).toMatchObject({
      reply: {
        result: { kind: 'transcribe', text: 'Good', language: 'en', segments, words },
        usage: {},
      },
    });
  });

  test('no transcript', () => {
    expect(read({ chunks }, transcribeCall())).toMatchObject({
      failure: { class: 'output_invalid', code: 'no_transcript' },
    });
  });
});
