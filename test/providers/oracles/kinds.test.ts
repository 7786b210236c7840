import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { LLMock } from '@copilotkit/aimock';
import { GoogleGenAI } from '@google/genai';
import { embedMany, generateImage, type EmbeddingModel } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { ModelCall, ModelResult } from '../../../src/domain/model/model-call.ts';
import { startSimulator, type Simulator } from '../../support/simulator/simulator.ts';
import { contextOf } from '../calling.ts';
import { adapterAt, apiKey, baseAt, type Base } from './base.ts';
import { replyIn } from './question.ts';

let simulator: Simulator;
const aimock = new LLMock({ port: 0, logLevel: 'silent' });
let bases: Readonly<Record<Base['mock'], Base>>;
beforeAll(async () => {
  simulator = await startSimulator({ keepBodies: true });
  await aimock.start();
  bases = {
    simulator: { url: simulator.url, mock: 'simulator' },
    aimock: { url: aimock.url, mock: 'aimock' },
  };
});
afterAll(async () => {
  await simulator.close();
  await aimock.stop();
});

const mocks = ['simulator', 'aimock'] as const;
const texts = ['a red fox', 'a blue whale', '你好 👋'];
const [embedder, googleEmbedder] = ['text-embedding-3-small', 'gemini-embedding-001'];

async function ask(base: Base, provider: string, call: ModelCall) {
  return replyIn(await adapterAt(base, provider).submitJob(call, contextOf()));
}

function openAi(base: Base): OpenAI {
  return new OpenAI({ baseURL: `${base.url}/v1`, apiKey, maxRetries: 0 });
}

type Named = { readonly category: string };

function byName(left: Named, right: Named): number {
  return left.category < right.category ? -1 : 1;
}

function vectorsOf(result: ModelResult): readonly (readonly number[])[] {
  return result.kind === 'embed' ? result.vectors : [];
}

/** As numbers of 32 bits, which is how vectors travel where they are packed. */
function rounded(vectors: readonly (readonly number[])[]): number[][] {
  return vectors.map((vector) => vector.map((value) => Math.fround(value)));
}

async function byAiSdk(model: EmbeddingModel) {
  const { embeddings, usage } = await embedMany({ model, values: texts, maxRetries: 0 });
  return { vectors: rounded(embeddings), tokens: usage.tokens };
}

test.each(mocks)('OpenAI: everyone gets the same vectors from the %s', async (mock) => {
  const base = bases[mock];
  const call: ModelCall = { kind: 'embed', model: embedder, texts };
  const { result, usage } = await ask(base, 'openai', call);
  const ours = { vectors: rounded(vectorsOf(result)), tokens: usage.inputTokens ?? 0 };
  // The SDK asks for base64 and unpacks it.
  const sdk = await openAi(base).embeddings.create({ model: embedder, input: texts });
  expect({
    vectors: rounded(sdk.data.map(({ embedding }) => embedding)),
    tokens: sdk.usage.prompt_tokens,
  }).toEqual(ours);
  expect(
    await byAiSdk(createOpenAI({ baseURL: `${base.url}/v1`, apiKey }).embedding(embedder)),
  ).toEqual(ours);
  expect(ours.vectors).toHaveLength(3);
  expect(new Set(ours.vectors.map((vector) => vector.length)).size).toBe(1);
});

test('OpenAI: fewer dimensions are asked for alike', async () => {
  const base = bases.simulator;
  const before = simulator.journal().at(-1)?.seq ?? 0;
  const call: ModelCall = { kind: 'embed', model: embedder, texts, dimensions: 8 };
  const { result } = await ask(base, 'openai', call);
  const sdk = await openAi(base).embeddings.create({
    model: embedder,
    input: texts,
    dimensions: 8,
    encoding_format: 'float',
  });
  expect(sdk.data.map(({ embedding }) => embedding)).toEqual(vectorsOf(result));
  const [ours, theirs] = simulator
    .journal(before)
    .map(({ body = '' }) => JSON.parse(body) as object);
  expect(ours).toEqual(theirs);
});

// aimock has no batches of Google's embeddings.
test('Google: everyone gets the same vectors', async () => {
  const base = bases.simulator;
  const call: ModelCall = { kind: 'embed', model: googleEmbedder, texts };
  const { result } = await ask(base, 'google', call);
  const ours = rounded(vectorsOf(result));
  const httpOptions = { baseUrl: baseAt(base, 'google'), apiVersion: 'v1beta' };
  const { models } = new GoogleGenAI({ apiKey, httpOptions });
  const sdk = await models.embedContent({ model: googleEmbedder, contents: texts });
  expect(rounded((sdk.embeddings ?? []).map(({ values = [] }) => values))).toEqual(ours);
  const baseURL = `${baseAt(base, 'google')}/v1beta`;
  const { vectors } = await byAiSdk(
    createGoogleGenerativeAI({ baseURL, apiKey }).textEmbeddingModel(googleEmbedder),
  );
  expect(vectors).toEqual(ours);
  expect(ours).toHaveLength(3);
});

const picture =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

test.each(mocks)('OpenAI: everyone gets the same images from the %s', async (mock) => {
  aimock.onImage('a gate', { images: [{ b64Json: picture }, { b64Json: picture }] });
  const base = bases[mock];
  const model = 'gpt-image-1';
  const prompt = 'a gate at dawn';
  const { result } = await ask(base, 'openai', { kind: 'image', model, prompt, count: 2 });
  const ours =
    result.kind === 'image'
      ? result.images.map(({ media: { source } }) =>
          source.kind === 'base64' ? source.data : source.url,
        )
      : [];
  const sdk = await openAi(base).images.generate({ model, prompt, n: 2 });
  expect((sdk.data ?? []).map(({ b64_json: data }) => data)).toEqual(ours);
  const { images } = await generateImage({
    model: createOpenAI({ baseURL: `${base.url}/v1`, apiKey }).image(model),
    prompt,
    n: 2,
    maxRetries: 0,
  });
  expect(images.map(({ base64 }) => base64)).toEqual(ours);
  expect(ours).toHaveLength(2);
});

test.each(mocks)('OpenAI: everyone gets the same verdict from the %s', async (mock) => {
  const scores = { violence: 0.91, harassment: 0.02 };
  aimock.onModerate('attack', {
    flagged: true,
    categories: { violence: true, harassment: false },
    category_scores: scores,
  });
  const base = bases[mock];
  const text = 'We attack at dawn.';
  const model = 'omni-moderation-latest';
  const { result } = await ask(base, 'openai', { kind: 'moderate', model, text });
  const sdk = await openAi(base).moderations.create({ model, input: text });
  const [verdict] = sdk.results;
  const flagged = new Map(Object.entries(verdict?.categories ?? {}));
  const scored = new Map<string, number>(Object.entries(verdict?.category_scores ?? {}));
  expect(result).toEqual({
    kind: 'moderate',
    flagged: verdict?.flagged,
    categories: expect.any(Array) as unknown,
  });
  const ours = result.kind === 'moderate' ? result.categories : [];
  const theirs = [...flagged].map(([category, isFlagged]) => ({
    category,
    flagged: isFlagged,
    score: scored.get(category) ?? null,
  }));
  expect(ours.toSorted(byName)).toEqual(theirs.toSorted(byName));
  expect(verdict?.flagged).toBe(true);
});
