import { describe, expect, test } from 'vitest';

import type { ModelCall, TranscribeCall } from '../../../src/domain/model/model-call.ts';
import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import { capturing } from '../captured.ts';
import { contextOf } from '../calling.ts';
import {
  apiKey,
  baseUrl,
  callbackUrl,
  completed,
  makeAdapter,
  ticket,
  transcribeCall,
  transcript,
  uploadUrl,
  webhookSecret,
} from './support.ts';
import { reply } from '../calling.ts';

/** Answers by path; the last answer for a path is repeated. */
function serving(answers: Readonly<Record<string, Response | (() => Response | Promise<never>)>>) {
  const sent: { url: string; method: string; headers: Headers; body: unknown }[] = [];
  const fetch: FetchLike = async (url, init) => {
    const path = url.slice(baseUrl.length);
    const request = new Request(url, init);
    const bytes = new Uint8Array(await request.clone().arrayBuffer());
    const isJson = request.headers.get('content-type') === 'application/json';
    const body = isJson ? await request.json() : [...bytes];
    sent.push({ url, method: request.method, headers: new Headers(init.headers), body });
    const answer = answers[path] ?? Response.json({ error: 'Not found' }, { status: 404 });
    return typeof answer === 'function' ? answer() : answer.clone();
  };
  return { fetch, sent };
}

const uploaded = () => Response.json({ upload_url: uploadUrl });

async function submitted(
  call: TranscribeCall,
  secret = webhookSecret,
  url: string | null = callbackUrl,
) {
  const { fetch, sent } = serving({
    '/upload': uploaded,
    '/transcript': Response.json(transcript('queued')),
  });
  const outcome = await makeAdapter(fetch, secret).submitJob(call, contextOf({ callbackUrl: url }));
  return { outcome, sent };
}

describe('a recording', () => {
  test('is uploaded, and its transcript asked for', async () => {
    const call = transcribeCall({
      language: 'en',
      prompt: 'Ada, Babbage',
      timestamps: 'word',
      diarize: true,
      options: {
        redact_pii: true,
        speech_models: ['other'],
        speech_model: 'other',
        webhook_url: 'https://x.example',
      },
    });
    const { outcome, sent } = await submitted(call);
    expect(outcome).toEqual({ kind: 'pending', ticket, checkInMs: 20_000 });
    expect(sent).toMatchObject([
      { url: `${baseUrl}/upload`, method: 'POST', body: [1, 2, 3] },
      { url: `${baseUrl}/transcript`, method: 'POST' },
    ]);
    expect(sent.map(({ headers }) => headers.get('authorization'))).toEqual([apiKey, apiKey]);
    expect(sent.map(({ headers }) => headers.get('content-type'))).toEqual([
      'application/octet-stream',
      'application/json',
    ]);
    expect(sent[1]?.body).toEqual({
      redact_pii: true,
      audio_url: uploadUrl,
      speech_models: ['universal-3-5-pro'],
      language_code: 'en',
      keyterms_prompt: ['Ada', 'Babbage'],
      speaker_labels: true,
      webhook_url: callbackUrl,
      webhook_auth_header_name: 'x-penstock-webhook-secret',
      webhook_auth_header_value: webhookSecret,
    });
  });

  test('without an address or a secret of ours says nothing of them', async () => {
    const { outcome, sent } = await submitted(transcribeCall(), webhookSecret, null);
    const bare = {
      audio_url: uploadUrl,
      speech_models: ['universal-3-5-pro'],
      language_detection: true,
    };
    expect(outcome).toMatchObject({ kind: 'pending', checkInMs: 2_000 });
    expect(sent[1]?.body).toEqual(bare);
    const options = { language_detection: false };
    expect((await submitted(transcribeCall({ options }), '')).sent[1]?.body).toEqual({
      ...bare,
      language_detection: false,
      webhook_url: callbackUrl,
    });
  });

  test.each([
    [
      'a refused key',
      Response.json({ error: 'Invalid API key' }, { status: 401 }),
      'auth',
      'rejected',
    ],
    [
      'a server error',
      Response.json({ error: 'oops' }, { status: 500 }),
      'provider_internal',
      'rejected',
    ],
    ['an empty answer', Response.json({}), 'provider_internal', 'not_sent'],
    [
      'a lost connection',
      () => Promise.reject(new Error('Network connection lost.')),
      'network',
      'not_sent',
    ],
  ] as const)(
    'whose upload ends in %s was not worked on',
    async (_name, answer, failureClass, phase) => {
      const { fetch, sent } = serving({ '/upload': answer });
      expect(await makeAdapter(fetch).submitJob(transcribeCall(), contextOf())).toMatchObject({
        kind: 'failed',
        failure: { class: failureClass, phase },
      });
      expect(sent).toHaveLength(1);
    },
  );

  test('that is cancelled after its upload is not transcribed', async () => {
    const controller = new AbortController();
    const { fetch, sent } = serving({
      '/upload': () => {
        controller.abort('cancel');
        return uploaded();
      },
    });
    const context = contextOf({ signal: controller.signal });
    expect(await makeAdapter(fetch).submitJob(transcribeCall(), context)).toMatchObject({
      failure: { class: 'cancelled', phase: 'not_sent' },
    });
    expect(sent).toHaveLength(1);
  });

  test('has its place held by the second answer alone', async () => {
    const { fetch } = serving({
      '/upload': uploaded,
      '/transcript': Response.json(transcript('queued')),
    });
    let times = 0;
    await makeAdapter(fetch).submitJob(
      transcribeCall(),
      contextOf({ onHeaders: () => (times += 1) }),
    );
    expect(times).toBe(1);
  });

  test('has segments only where speakers are told apart', () => {
    const { unsupported } = makeAdapter();
    expect(unsupported?.(transcribeCall({ timestamps: 'segment' }))).toEqual(['timestamps']);
    expect(unsupported?.(transcribeCall({ timestamps: 'segment', diarize: true }))).toEqual([]);
  });
});

const read = (body: unknown, call: ModelCall = transcribeCall()) =>
  makeAdapter().normalizeOutput(reply(200, body), call);

describe('a transcript', () => {
  test('that is completed', () => {
    expect(read(completed)).toEqual({
      kind: 'done',
      reply: {
        result: {
          kind: 'transcribe',
          text: 'Smoke from wildfires. Good.',
          language: 'en_us',
          durationSeconds: 281,
          segments: [],
          words: [],
        },
        usage: { audioMs: 281_000 },
        rawUsage: { audio_duration: 281, audio_channels: null },
        returnedModel: 'universal-3-5-pro',
        providerRequestId: ticket.providerJobId,
      },
    });
  });

  test('has times in seconds, and speakers', () => {
    expect(read(completed, transcribeCall({ timestamps: 'word', diarize: true }))).toMatchObject({
      reply: {
        result: {
          words: [{ word: 'Smoke', start: 0.25, end: 0.65, confidence: 0.97, speaker: 'A' }],
          segments: [
            { text: 'Smoke from wildfires.', start: 0.25, end: 2, speaker: 'A' },
            { text: 'Good.', start: 2.1, end: 2.4, speaker: 'B' },
          ],
        },
      },
    });
  });

  test('of several channels is charged for each', () => {
    const body = { ...completed, multichannel: true, audio_channels: 2 };
    expect(read(body)).toMatchObject({ reply: { usage: { audioMs: 562_000 } } });
  });

  test('of silence is empty', () => {
    expect(read(transcript('completed'))).toMatchObject({
      kind: 'done',
      reply: { result: { text: '', durationSeconds: null }, usage: {} },
    });
  });

  test.each([
    [
      'An error occurred while processing. Please resubmit.',
      'provider_internal',
      'transcript_error',
    ],
    ['Download error, unable to download', 'provider_internal', 'transcript_error'],
    [
      'language_detection cannot be performed on files with no spoken audio.',
      'invalid_request',
      'no_speech',
    ],
    ['Audio duration is too short.', 'invalid_request', 'audio_length'],
    [
      'Transcoding failed. File does not appear to contain audio. File type is text/plain',
      'invalid_request',
      'no_speech',
    ],
    [
      'Transcoding failed. File type application/zip is unsupported',
      'invalid_request',
      'audio_unreadable',
    ],
  ])('that failed: %s', (error, failureClass, code) => {
    expect(read(transcript('error', { error }))).toMatchObject({
      kind: 'failed',
      failure: { class: failureClass, phase: 'accepted', code, detail: { message: error } },
    });
  });

  test.each(['queued', 'processing'])('that is %s is asked for again', async (status) => {
    const { fetch, sent } = capturing(transcript(status));
    const context = contextOf({ callbackUrl });
    const outcome = await makeAdapter(fetch).getJobStatus?.(ticket, transcribeCall(), context);
    expect(outcome).toEqual({ kind: 'pending', ticket, checkInMs: 20_000 });
    expect(sent).toMatchObject([
      { url: `${baseUrl}/transcript/${ticket.providerJobId}`, method: 'GET', body: null },
    ]);
  });

  test.each([
    [200, completed, 'done'],
    [200, { status: 'thinking' }, 'pending'],
    [503, { error: 'busy' }, 'pending'],
    [401, { error: 'Invalid API key' }, 'failed'],
  ])('asked for, answered by %i %j', async (status, answer, kind) => {
    const { fetch } = capturing(answer, status);
    const outcome = await makeAdapter(fetch).getJobStatus?.(ticket, transcribeCall(), contextOf());
    expect(outcome?.kind).toBe(kind);
  });
});

test.each([
  [400, { error: 'audio_url should be a string' }, 'invalid_request', 'rejected'],
  [
    400,
    { error: 'Your current account balance is negative. Please top up.' },
    'billing_exhausted',
    'rejected',
  ],
  [401, { error: 'Authentication error, API token missing/invalid' }, 'auth', 'rejected'],
  [402, { error: 'payment' }, 'billing_exhausted', 'rejected'],
  [403, { error: 'forbidden' }, 'permission', 'rejected'],
  [404, { error: 'not found' }, 'not_found_model', 'rejected'],
  [413, '', 'payload_too_large', 'rejected'],
  [429, { error: 'Too many requests' }, 'rate_limited', 'rejected'],
  [500, { error: 'Server error, developers have been alerted.' }, 'provider_internal', 'unknown'],
  [502, '<html></html>', 'provider_internal', 'unknown'],
  [503, '', 'overloaded', 'unknown'],
  [504, '', 'timeout', 'unknown'],
])('%i %j is %s, %s', (status, body, failureClass, phase) => {
  const failure = makeAdapter().classifyError({ kind: 'reply', reply: reply(status, body) });
  expect(failure).toMatchObject({ class: failureClass, phase, status });
});

const withSecret = (secret: string) => ({
  headers: { 'x-penstock-webhook-secret': secret },
  body: new Uint8Array(),
  nowMs: 0,
});

describe('a callback', () => {
  test('brings the secret back, where there is one', async () => {
    const { callbacks } = makeAdapter();
    expect(await callbacks?.verify(withSecret(webhookSecret))).toEqual({ kind: 'genuine' });
    for (const wrong of ['', 'x', `${webhookSecret}x`, webhookSecret.slice(1)]) {
      expect(await callbacks?.verify(withSecret(wrong))).toMatchObject({ kind: 'refused' });
    }
    const open = makeAdapter(undefined, '').callbacks;
    expect(await open?.verify(withSecret(''))).toEqual({ kind: 'genuine' });
  });

  test('is only a reason to ask', () => {
    const body = { transcript_id: ticket.providerJobId, status: 'completed' };
    expect(makeAdapter().callbacks?.read(body, transcribeCall())).toEqual({ kind: 'ask' });
  });
});

const item = (id: string, created: string) => ({ id, created, status: 'queued' });

describe('a lost submit', () => {
  const startedAtMs = Date.parse('2026-11-22T10:00:00Z');
  const find = async (answers: Parameters<typeof serving>[0], url: string | null = callbackUrl) => {
    const { fetch, sent } = serving(answers);
    const lost = { call: transcribeCall(), idempotencyKey: 'a', callbackUrl: url, startedAtMs };
    const found = await makeAdapter(fetch).findJob?.(lost, contextOf());
    return { found, paths: sent.map((request) => request.url.slice(baseUrl.length)) };
  };
  const list = Response.json({
    transcripts: [
      item('other', '2026-11-22T10:00:05.123456'),
      item(ticket.providerJobId, '2026-11-22T10:00:01.123456'),
      item('older', '2026-11-22T09:58:00.123456'),
    ],
  });

  test('is found by the address that it reports to', async () => {
    const { found, paths } = await find({
      '/transcript?limit=50': list,
      '/transcript/other': Response.json({ webhook_url: 'https://x.example' }),
      [`/transcript/${ticket.providerJobId}`]: Response.json(transcript('processing')),
    });
    expect(found).toEqual({ kind: 'found', ticket });
    expect(paths).toEqual([
      '/transcript?limit=50',
      '/transcript/other',
      `/transcript/${ticket.providerJobId}`,
    ]);
  });

  test('that is not seen may be there all the same', async () => {
    expect((await find({ '/transcript?limit=50': list })).found).toEqual({ kind: 'unknown' });
    expect((await find({})).found).toEqual({ kind: 'unknown' });
    expect(await find({}, null)).toEqual({ found: { kind: 'unknown' }, paths: [] });
  });
});
