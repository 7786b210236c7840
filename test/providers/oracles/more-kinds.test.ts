import { LLMock } from '@copilotkit/aimock';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import { contextOf, someFile } from '../calling.ts';
import { adapterAt, apiKey, type Base } from './base.ts';
import { replyIn } from './question.ts';

const aimock = new LLMock({ port: 0, logLevel: 'silent' });
let base: Base;
beforeAll(async () => {
  await aimock.start();
  base = { url: aimock.url, mock: 'aimock' };
});
afterAll(() => aimock.stop());

async function ask(provider: string, call: ModelCall) {
  return replyIn(await adapterAt(base, provider).submitJob(call, contextOf()));
}

test('OpenAI: a transcript is the one that the SDK reads', async () => {
  const words = [
    { word: 'Good', start: 0, end: 0.4 },
    { word: 'morning', start: 0.4, end: 1.1 },
  ];
  const segments = [{ id: 0, text: 'Good morning', start: 0, end: 1.1 }];
  const text = 'Good morning';
  aimock.onTranscription({
    transcription: { text, language: 'english', duration: 1.1, words, segments },
  });
  const audio = someFile('audio/mpeg', { name: 'call.mp3' });
  const { result } = await ask('openai', {
    kind: 'transcribe',
    model: 'whisper-1',
    audio,
    timestamps: 'word',
  });
  const client = new OpenAI({ baseURL: `${base.url}/v1`, apiKey, maxRetries: 0 });
  const sdk = await client.audio.transcriptions.create({
    model: 'whisper-1',
    file: await toFile(Uint8Array.of(1, 2, 3), 'call.mp3', { type: 'audio/mpeg' }),
    response_format: 'verbose_json',
    timestamp_granularities: ['word'],
  });
  expect(result).toMatchObject({
    text: sdk.text,
    language: sdk.language,
    durationSeconds: sdk.duration,
    words: sdk.words,
  });
  expect(sdk.words).toEqual(words);
});

test('Cohere: documents are ranked as an independent mock says', async () => {
  aimock.onRerank('fox', [
    { index: 1, relevance_score: 0.97 },
    { index: 0, relevance_score: 0.12 },
  ]);
  const { result } = await ask('cohere', {
    kind: 'rerank',
    model: 'rerank-v3.5',
    query: 'a fox',
    documents: ['a whale', 'a red fox'],
    topN: 2,
  });
  expect(result).toEqual({
    kind: 'rerank',
    results: [
      { index: 1, score: 0.97 },
      { index: 0, score: 0.12 },
    ],
  });
});

test('Cohere: texts become the vectors that an independent mock gives', async () => {
  aimock.onEmbedding(/./, { embedding: [0.25, -0.5, 0.125] });
  const { result } = await ask('cohere', {
    kind: 'embed',
    model: 'embed-v4.0',
    texts: ['one', 'two'],
    inputType: 'query',
  });
  const vector = [0.25, -0.5, 0.125];
  expect(result).toEqual({ kind: 'embed', vectors: [vector, vector] });
});
