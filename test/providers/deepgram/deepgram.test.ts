import { afterEach, describe, expect, test, vi } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import type { TranscribeCall } from '../../../src/domain/model/model-call.ts';
import type { CallContext } from '../../../src/providers/port.ts';
import { capturing } from '../captured.ts';
import { contextOf, someFile } from '../calling.ts';
import { accepted, apiKey, callbackUrl, listened, makeAdapter, transcribeCall } from './support.ts';
import { reply } from '../calling.ts';

afterEach(() => vi.useRealTimers());

const words = [
  { word: 'right', start: 0.01, end: 0.2 },
  { word: 'Yeah.', start: 0.08, end: 0.32, confidence: 0.9, speaker: '0' },
];
const segments = [
  { text: 'Yeah. As much as it is worth.', start: 0.08, end: 3.1, speaker: '0' },
  { text: 'Right.', start: 3.2, end: 3.5, speaker: '1' },
];

async function sentFor(
  call: TranscribeCall,
  { context = {}, answer = listened }: { context?: Partial<CallContext>; answer?: unknown } = {},
) {
  const { fetch, sent } = capturing(answer);
  const outcome = await makeAdapter(fetch).submitJob(call, contextOf(context));
  const url = new URL(sent[0]?.url ?? 'https://nothing.example/');
  return { outcome, sent, query: [...url.searchParams] };
}

describe('a recording', () => {
  test('is sent as it is, with everything else in the query', async () => {
    const call = transcribeCall({
      audio: someFile('audio/wav'),
      language: 'en',
      prompt: 'Ada Lovelace, Babbage;\nEngine',
      timestamps: 'segment',
      diarize: true,
      options: {
        model: 'other',
        replace: ['a:b', 'c:d'],
        punctuate: true,
        callback: 'https://x.example',
        stream: 1,
      },
    });
    const { sent, query } = await sentFor(call, { context: { callbackUrl } });
    expect(sent).toMatchObject([
      {
        method: 'POST',
        headers: { 'content-type': 'audio/wav', authorization: `Token ${apiKey}` },
        body: [1, 2, 3],
      },
    ]);
    expect(sent[0]?.url.split('?')[0]).toBe('https://api.deepgram.example/v1/listen');
    expect(query).toEqual([
      ['model', 'nova-3'],
      ['replace', 'a:b'],
      ['replace', 'c:d'],
      ['punctuate', 'true'],
      ['smart_format', 'true'],
      ['language', 'en'],
      ['keyterm', 'Ada Lovelace'],
      ['keyterm', 'Babbage'],
      ['keyterm', 'Engine'],
      ['diarize', 'true'],
      ['utterances', 'true'],
    ]);
  });

  test.each([
    [{}, [['detect_language', 'true']]],
    [{ language: 'multi' }, [['language', 'multi']]],
    [{ detect_language: false }, [['detect_language', 'false']]],
  ])('has its language found out unless the options %j say otherwise', async (options, wanted) => {
    const { query } = await sentFor(transcribeCall({ options }));
    expect(query.filter(([name]) => /language/.test(name))).toEqual(wanted);
  });

  test('in the background is reported later, and waited for until the deadline', async () => {
    vi.useFakeTimers({ now: 1_000_000 });
    const call = transcribeCall({ execution: 'background' });
    const context = { callbackUrl, deadlineAtMs: 1_600_000 };
    const { outcome, query } = await sentFor(call, { context, answer: accepted });
    expect(outcome).toEqual({
      kind: 'pending',
      ticket: { providerJobId: accepted.request_id, data: null },
      checkInMs: 600_000,
    });
    expect(query).toContainEqual(['callback', callbackUrl]);
    const adapter = makeAdapter();
    expect(adapter).not.toHaveProperty('getJobStatus');
    expect(adapter).not.toHaveProperty('cancelJob');
  });

  test('in the background needs a public address', async () => {
    const { outcome, sent } = await sentFor(transcribeCall({ execution: 'background' }));
    expect(outcome).toMatchObject({
      failure: { class: 'not_configured', phase: 'not_sent', code: 'no_public_address' },
    });
    expect(sent).toEqual([]);
  });

  test('cannot be helped by words with an older model', () => {
    const { unsupported } = makeAdapter();
    expect(unsupported?.(transcribeCall({ model: 'nova-2', prompt: 'Ada' }))).toEqual(['prompt']);
    expect(unsupported?.(transcribeCall({ prompt: 'Ada', diarize: true }))).toEqual([]);
  });
});

const read = (call: TranscribeCall, body: unknown = listened) =>
  makeAdapter().normalizeOutput(reply(200, body), call);

describe('a transcript', () => {
  test('has the text, the language, and the length of every channel', () => {
    expect(read(transcribeCall())).toEqual({
      kind: 'done',
      reply: {
        result: {
          kind: 'transcribe',
          text: 'Yeah. As much as it is worth.\nRight.',
          language: 'en',
          durationSeconds: 25.933313,
          segments: [],
          words: [],
        },
        usage: { audioMs: 51_867 },
        rawUsage: { duration: 25.933313, channels: 2 },
        returnedModel: '2-general-nova',
        providerRequestId: accepted.request_id,
      },
    });
  });

  test.each([
    [{ timestamps: 'word' }, { words, segments: [] }],
    [{ timestamps: 'segment' }, { words: [], segments }],
    [{ diarize: true }, { words: [], segments }],
  ] as const)('has what %j asks for', (wanted, parts) => {
    expect(read(transcribeCall(wanted))).toMatchObject({ reply: { result: parts } });
  });

  test('of silence is empty', () => {
    const channels = [{ alternatives: [{ transcript: '', words: [] }] }];
    expect(read(transcribeCall(), { results: { channels } })).toMatchObject({
      kind: 'done',
      reply: { result: { text: '', durationSeconds: null }, usage: {}, returnedModel: 'nova-3' },
    });
  });

  test('without channels is none, but its length counts', () => {
    const body = { ...listened, results: { channels: [] } };
    expect(read(transcribeCall(), body)).toMatchObject({
      kind: 'failed',
      failure: { class: 'provider_internal', code: 'reply_malformed' },
      spent: { usage: { audioMs: 51_867 } },
    });
  });
});

const older = (err_code: string, err_msg: string) => ({ err_code, err_msg, request_id: 'r-1' });

const newer = (category: string, message: string) => ({
  category,
  message,
  details: 'more',
  request_id: 'r-1',
});

describe('errors', () => {
  test.each([
    [
      400,
      older('Bad Request', 'failed to process audio: corrupt or unsupported data'),
      'invalid_request',
      'rejected',
    ],
    [
      400,
      older('Bad Request', 'No such model/language/tier combination found.'),
      'not_found_model',
      'rejected',
    ],
    [400, newer('INVALID_JSON', 'Invalid JSON submitted.'), 'invalid_request', 'rejected'],
    [401, older('INVALID_AUTH', 'Invalid credentials.'), 'auth', 'rejected'],
    [401, newer('INVALID_AUTH', 'Invalid credentials.'), 'auth', 'rejected'],
    [
      402,
      older('ASR_PAYMENT_REQUIRED', 'Project does not have enough credits'),
      'billing_exhausted',
      'rejected',
    ],
    [403, newer('INSUFFICIENT_PERMISSIONS', 'No access to the model'), 'permission', 'rejected'],
    [404, {}, 'not_found_model', 'rejected'],
    [413, newer('PAYLOAD_TOO_LARGE', 'Too large'), 'payload_too_large', 'rejected'],
    [415, newer('UNSUPPORTED_MEDIA_TYPE', 'No'), 'invalid_request', 'rejected'],
    [
      429,
      older('TOO_MANY_REQUESTS', 'Too many requests. Please try again later'),
      'rate_limited',
      'rejected',
    ],
    [500, older('Internal', 'Internal error'), 'provider_internal', 'unknown'],
    [502, '<html></html>', 'provider_internal', 'unknown'],
    [503, newer('SERVICE_UNAVAILABLE', 'Busy'), 'overloaded', 'unknown'],
    [504, 'timeout', 'timeout', 'unknown'],
  ])('%i %j', (status, body, failureClass, phase) => {
    const failure = makeAdapter().classifyError({ kind: 'reply', reply: reply(status, body) });
    expect(failure).toMatchObject({ class: failureClass, phase, status });
  });

  test('both shapes keep their words and the id of the request', () => {
    const said = reply(400, newer('INVALID_JSON', 'Invalid JSON submitted.'));
    expect(makeAdapter().classifyError({ kind: 'reply', reply: said })).toMatchObject({
      code: 'INVALID_JSON',
      detail: { message: 'Invalid JSON submitted.: more', request_id: 'r-1' },
    });
    const elder = reply(402, older('ASR_PAYMENT_REQUIRED', 'No credits'));
    expect(makeAdapter().classifyError({ kind: 'reply', reply: elder })).toMatchObject({
      code: 'ASR_PAYMENT_REQUIRED',
      detail: { message: 'No credits', request_id: 'r-1' },
    });
  });

  test('an error inside a success is one', () => {
    const body = older('INVALID_AUTH', 'Invalid credentials.');
    expect(makeAdapter().normalizeOutput(reply(200, body), transcribeCall())).toMatchObject({
      kind: 'failed',
      failure: { class: 'auth' },
    });
  });
});

describe('a callback', () => {
  const { callbacks } = makeAdapter();
  const readBody = (body: Json) =>
    callbacks?.read(body, transcribeCall({ execution: 'background' }));

  test('is not signed: the token in its address is the proof', async () => {
    const request = { headers: {}, body: new Uint8Array(), nowMs: 0 };
    expect(await callbacks?.verify(request)).toEqual({ kind: 'genuine' });
  });

  test('carries the transcript, or the error', () => {
    expect(readBody(listened)).toMatchObject({
      kind: 'done',
      reply: { usage: { audioMs: 51_867 }, providerRequestId: accepted.request_id },
    });
    expect(
      readBody({ err_code: 'Bad Request', err_msg: 'corrupt', request_id: 'r' }),
    ).toMatchObject({
      kind: 'failed',
      failure: { class: 'provider_internal', phase: 'accepted' },
    });
  });

  test.each<Json>([accepted, {}, null, 'text', { results: {} }])('or says nothing: %j', (body) => {
    expect(readBody(body)).toEqual({ kind: 'ask' });
  });
});
