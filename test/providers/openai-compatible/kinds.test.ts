import { describe, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import type { OpenAiCompatibleProfile } from '../../../src/providers/openai-compatible/profile.ts';
import { openAiCompatibleProfiles } from '../../../src/providers/openai-compatible/profiles.ts';
import { capturing } from '../captured.ts';
import { contextOf, someFile } from '../calling.ts';
import {
  embedExchange,
  imageExchange,
  moderateExchange,
  transcribeExchange,
  type Exchange,
} from './exchanges.ts';
import { makeAdapter, secretKey } from './support.ts';
import { reply } from '../calling.ts';

const { openai, together, mistral } = openAiCompatibleProfiles;
const file = [1, 2, 3];

async function sentFor(call: ModelCall, profile: OpenAiCompatibleProfile = openai) {
  const { fetch, sent } = capturing({});
  await makeAdapter({ fetch, profile }).submitJob(call, contextOf());
  return sent[0];
}

function resultOf({ call, reply: whole }: Exchange, profile: OpenAiCompatibleProfile = openai) {
  const outcome = makeAdapter({ profile }).normalizeOutput(whole, call);
  return outcome.kind === 'done' ? outcome.reply : outcome;
}

describe('images', () => {
  const { call } = imageExchange;

  test('are asked for in JSON', async () => {
    expect(
      await sentFor({
        ...call,
        kind: 'image',
        model: 'gpt-image-1',
        prompt: 'a cat',
        count: 2,
        size: { width: 1024, height: 1536 },
        format: 'webp',
        quality: 'low',
        options: { background: 'transparent', stream: true, n: 9 },
      }),
    ).toEqual({
      url: 'https://api.openai.example/v1/images/generations',
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${secretKey}`,
        'idempotency-key': 'att_1',
      },
      body: {
        model: 'gpt-image-1',
        prompt: 'a cat',
        n: 2,
        size: '1024x1536',
        output_format: 'webp',
        quality: 'low',
        background: 'transparent',
      },
    });
  });

  test('that start from images go as a form', async () => {
    const images = [someFile('image/png', { name: 'cat.png' }), someFile('image/jpeg')];
    const sent = await sentFor({
      kind: 'image',
      model: 'gpt-image-1',
      prompt: 'a hat on it',
      count: 1,
      images,
      options: { input_fidelity: 'high', tags: ['a', 'b'] },
    });
    expect(sent).toMatchObject({ url: 'https://api.openai.example/v1/images/edits' });
    expect(sent?.headers).not.toHaveProperty('content-type');
    expect(sent?.body).toEqual([
      ['model', 'gpt-image-1'],
      ['prompt', 'a hat on it'],
      ['n', '1'],
      ['image[]', 'cat.png', 'image/png', file],
      ['image[]', 'file.jpeg', 'image/jpeg', file],
      ['input_fidelity', 'high'],
      ['tags[]', 'a'],
      ['tags[]', 'b'],
    ]);
  });

  test("go to Together in that server's own names", async () => {
    const size = { width: 512, height: 768 };
    expect(
      await sentFor(
        {
          kind: 'image',
          model: 'flux',
          prompt: 'a cat',
          count: 1,
          size,
          seed: 7,
          negativePrompt: 'dog',
        },
        together,
      ),
    ).toMatchObject({
      body: {
        model: 'flux',
        prompt: 'a cat',
        n: 1,
        width: 512,
        height: 768,
        seed: 7,
        negative_prompt: 'dog',
        response_format: 'base64',
      },
    });
  });

  test('come back as bytes, with tokens told apart', () => {
    expect(resultOf(imageExchange)).toMatchObject({
      result: {
        images: [
          {
            media: { source: { kind: 'base64', data: 'iVBORw0KGgo=' }, mimeType: 'image/png' },
            revisedPrompt: 'a grey cat',
          },
        ],
      },
      usage: { inputTokens: 10, imageInputTokens: 50, imageOutputTokens: 1056, images: 1 },
    });
  });

  test('come back as addresses; what is neither is passed over', () => {
    const body = { data: [{ url: 'https://files.example/1.png' }, { nothing: true }] };
    expect(resultOf({ call, reply: reply(200, body) })).toMatchObject({
      result: {
        images: [{ media: { source: { kind: 'url', url: 'https://files.example/1.png' } } }],
      },
    });
  });

  test('none at all is no result', () => {
    expect(resultOf({ call, reply: reply(200, { data: [] }) })).toMatchObject({
      kind: 'failed',
      failure: { class: 'provider_internal', code: 'reply_malformed' },
    });
  });
});

describe('a transcription', () => {
  const audio = someFile('audio/mpeg', { name: 'call.mp3' });

  test('is a form; a model that tells times is asked for all it knows', async () => {
    const sent = await sentFor({
      kind: 'transcribe',
      model: 'whisper-1',
      audio,
      language: 'en',
      prompt: 'Penstock',
      timestamps: 'word',
      options: { temperature: 0, model: 'other' },
    });
    expect(sent?.url).toBe('https://api.openai.example/v1/audio/transcriptions');
    expect(sent?.headers).not.toHaveProperty('content-type');
    expect(sent?.body).toEqual([
      ['model', 'whisper-1'],
      ['file', 'call.mp3', 'audio/mpeg', file],
      ['language', 'en'],
      ['prompt', 'Penstock'],
      ['response_format', 'verbose_json'],
      ['timestamp_granularities[]', 'word'],
      ['temperature', '0'],
    ]);
  });

  test.each([
    ['gpt-4o-transcribe', openai, [['response_format', 'json']]],
    [
      'gpt-4o-transcribe-diarize',
      openai,
      [
        ['response_format', 'diarized_json'],
        ['chunking_strategy', 'auto'],
      ],
    ],
    ['voxtral-mini-latest', mistral, []],
  ])('of %s is asked for in the form it has', async (model, profile, fields) => {
    const sent = await sentFor({ kind: 'transcribe', model, audio }, profile);
    expect(sent?.body).toEqual([
      ['model', model],
      ['file', 'call.mp3', 'audio/mpeg', file],
      ...fields,
    ]);
  });

  test('by Mistral tells speakers apart where it is asked to', async () => {
    const call: ModelCall = { kind: 'transcribe', model: 'voxtral', audio, diarize: true };
    expect(makeAdapter({ profile: mistral }).unsupported?.(call)).toEqual([]);
    expect((await sentFor(call, mistral))?.body).toContainEqual(['diarize', 'true']);
    const segments = [{ start: 0, end: 1, text: 'Hi', speaker_id: 'speaker_1' }];
    const usage = { prompt_audio_seconds: 12, prompt_tokens: 4, completion_tokens: 3 };
    expect(
      resultOf({ call, reply: reply(200, { text: 'Hi', segments, usage }) }, mistral),
    ).toMatchObject({
      result: { segments: [{ speaker: 'speaker_1' }] },
      usage: { audioMs: 12_000, inputTokens: 4, outputTokens: 3 },
    });
  });

  test.each<[string, object, string[]]>([
    ['whisper-1', { timestamps: 'word' }, []],
    ['whisper-1', { diarize: true }, ['diarize']],
    ['whisper-1', { diarize: false }, []],
    ['gpt-4o-transcribe', { timestamps: 'segment' }, ['timestamps']],
    ['gpt-4o-transcribe-diarize', { timestamps: 'segment', diarize: true }, []],
    ['gpt-4o-transcribe-diarize', { timestamps: 'word' }, ['timestamps']],
  ])('of %s with %j lacks %j', (model, fields, missing) => {
    const call: ModelCall = { kind: 'transcribe', model, audio, ...fields };
    expect(makeAdapter().unsupported?.(call)).toEqual(missing);
  });

  test('by time is charged by time', () => {
    expect(resultOf(transcribeExchange)).toMatchObject({
      result: {
        text: 'Good morning.',
        language: 'english',
        durationSeconds: 2.4,
        segments: [],
        words: [],
      },
      usage: { audioMs: 3000 },
    });
  });

  test('gives times and speakers where they were asked for', () => {
    const call: ModelCall = {
      kind: 'transcribe',
      model: 'w',
      audio,
      timestamps: 'word',
      diarize: true,
    };
    const body = {
      text: 'Hi there',
      segments: [{ start: 0, end: 1, text: 'Hi there', speaker: 'A' }, { text: 'no times' }],
      words: [{ word: 'Hi', start: 0, end: 0.4 }],
      duration: 1.5,
    };
    expect(resultOf({ call, reply: reply(200, body) })).toMatchObject({
      result: {
        segments: [{ text: 'Hi there', start: 0, end: 1, speaker: 'A' }],
        words: [{ word: 'Hi', start: 0, end: 0.4 }],
      },
      usage: { audioMs: 1500 },
    });
  });

  test('by tokens is charged by tokens, and not by time as well', () => {
    const usage = {
      type: 'tokens',
      input_tokens: 30,
      input_token_details: { text_tokens: 5, audio_tokens: 25 },
      output_tokens: 8,
      total_tokens: 38,
    };
    const body = { text: 'Hi', duration: 1.5, usage };
    expect(resultOf({ ...transcribeExchange, reply: reply(200, body) })).toMatchObject({
      usage: { inputTokens: 5, audioInputTokens: 25, outputTokens: 8 },
    });
    expect(resultOf({ ...transcribeExchange, reply: reply(200, body) })).not.toHaveProperty(
      'usage.audioMs',
    );
  });
});

describe('moderation', () => {
  test('of text alone is a text', async () => {
    expect(await sentFor(moderateExchange.call)).toMatchObject({
      url: 'https://api.openai.example/v1/moderations',
      body: { model: 'omni-moderation-latest', input: 'words' },
    });
  });

  test('of images is a list of parts', async () => {
    const call: ModelCall = {
      kind: 'moderate',
      model: 'omni-moderation-latest',
      text: 'words',
      images: [someFile('image/png')],
    };
    expect(await sentFor(call)).toMatchObject({
      body: {
        input: [
          { type: 'text', text: 'words' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AQID' } },
        ],
      },
    });
    expect(makeAdapter({ profile: mistral }).unsupported?.(call)).toEqual(['images']);
  });

  test('comes back by category', () => {
    expect(resultOf(moderateExchange)).toMatchObject({
      result: {
        flagged: true,
        categories: [
          { category: 'violence', flagged: true, score: 0.91 },
          { category: 'hate', flagged: false, score: 0.001 },
        ],
      },
      usage: {},
    });
  });

  test('a server that flags categories only has flagged the whole', () => {
    const results = [{ categories: { pii: true }, category_scores: {} }];
    expect(resultOf({ ...moderateExchange, reply: reply(200, { results }) })).toMatchObject({
      result: { flagged: true, categories: [{ category: 'pii', flagged: true, score: null }] },
    });
  });

  test('a verdict without categories is none', () => {
    const body = { results: [{ flagged: false }] };
    expect(resultOf({ ...moderateExchange, reply: reply(200, body) })).toMatchObject({
      kind: 'failed',
    });
  });
});

describe('embeddings', () => {
  test('in base64 are read like numbers', () => {
    const bytes = new Uint8Array(Float32Array.of(0.5, -2).buffer);
    const embedding = btoa(String.fromCharCode(...bytes));
    const data = [
      { index: 1, embedding: [0, 1] },
      { index: 0, embedding },
    ];
    expect(resultOf({ ...embedExchange, reply: reply(200, { data }) })).toMatchObject({
      result: {
        vectors: [
          [0.5, -2],
          [0, 1],
        ],
      },
      usage: {},
    });
  });

  test.each(['AAA=', 'no base64!', btoa('\u00ff\u00ff\u00ff\u00ff')])(
    'in broken base64 (%s) are no result',
    (embedding) => {
      const data = [{ embedding }, { embedding: [0, 1] }];
      expect(resultOf({ ...embedExchange, reply: reply(200, { data }) })).toMatchObject({
        kind: 'failed',
      });
    },
  );

  test('cannot be told what they are for', () => {
    const { call } = embedExchange;
    if (call.kind !== 'embed') throw new Error('no embeddings');
    expect(makeAdapter().unsupported?.({ ...call, inputType: 'query' })).toEqual(['inputType']);
  });
});
