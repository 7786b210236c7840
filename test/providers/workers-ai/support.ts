import type { ChatCall, ModelCall } from '../../../src/domain/model/model-call.ts';
import type { AiBinding } from '../../../src/providers/binding.ts';
import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import type { ProviderAdapter, WireReply } from '../../../src/providers/port.ts';
import { makeRegistry } from '../../../src/providers/registry.ts';
import { noFetch, someFile } from '../calling.ts';

export const secretKey = 'cfApiToken0123456789abcdefSECRET';
const settings: Readonly<Record<string, string | undefined>> = {
  CLOUDFLARE_API_TOKEN: secretKey,
  CLOUDFLARE_ACCOUNT_ID: 'account1',
  WORKERS_AI_BASE_URL: 'https://cloudflare.example/client/v4/',
};

/** Over HTTP. */
export function makeAdapter(fetch: FetchLike = noFetch): ProviderAdapter {
  return found(makeRegistry((name) => settings[name], fetch).adapters);
}

/** Over HTTP, at another address. */
export function makeAt(baseUrl: string, fetch: FetchLike): ProviderAdapter {
  const there: typeof settings = { ...settings, WORKERS_AI_BASE_URL: baseUrl };
  return found(makeRegistry((name) => there[name], fetch).adapters);
}

/** By the binding, without any setting. */
export function makeBound(run: AiBinding['run']): ProviderAdapter {
  return found(makeRegistry(() => undefined, noFetch, { run }).adapters);
}

function found(adapters: ReadonlyMap<string, ProviderAdapter>): ProviderAdapter {
  const adapter = adapters.get('workers-ai');
  if (adapter === undefined) throw new Error('workers-ai is not configured');
  return adapter;
}

export const llama = '@cf/meta/llama-3.1-8b-instruct';
const turbo = '@cf/openai/whisper-large-v3-turbo';
const sentiment = '@cf/huggingface/distilbert-sst-2-int8';

export function chatCall(overrides: Partial<ChatCall> = {}): ChatCall {
  return {
    kind: 'chat',
    model: llama,
    messages: [{ role: 'user', content: 'Say hello to Ada.' }],
    parameters: {},
    output: { kind: 'text' },
    ...overrides,
  };
}

export const calls = {
  classify: {
    kind: 'classify',
    model: llama,
    text: 'My card was charged twice.',
    labels: [{ label: 'billing' }, { label: 'bug' }],
    topN: 1,
  },
  sentiment: { kind: 'classify', model: sentiment, text: 'Lovely.', labels: [], topN: 1 },
  embed: { kind: 'embed', model: '@cf/baai/bge-m3', texts: ['one', 'two'] },
  rerank: {
    kind: 'rerank',
    model: '@cf/baai/bge-reranker-base',
    query: 'q',
    documents: ['a', 'b', 'c'],
    topN: 2,
  },
  image: {
    kind: 'image',
    model: '@cf/black-forest-labs/flux-1-schnell',
    prompt: 'a cat',
    count: 1,
  },
  transcribe: { kind: 'transcribe', model: turbo, audio: someFile('audio/mpeg') },
  moderate: { kind: 'moderate', model: '@cf/meta/llama-guard-3-8b', text: 'words' },
} as const satisfies Record<string, ModelCall>;

/** A result as the REST API wraps it. */
export function envelope(result: WireReply['body']): WireReply['body'] {
  return { result, success: true, errors: [], messages: [] };
}

export function restError(code: number, message = 'words of the provider'): WireReply['body'] {
  return { result: null, success: false, errors: [{ code, message }], messages: [] };
}

const usage = { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19 };

export const results = {
  chat: { response: 'Hello Ada.', usage },
  classify: { response: { labels: [{ label: 'billing', score: 0.97 }] }, usage },
  sentiment: [
    { label: 'NEGATIVE', score: 0.01 },
    { label: 'POSITIVE', score: 0.99 },
  ],
  embed: {
    shape: [2, 2],
    data: [
      [0.5, 0.25],
      [0, 1],
    ],
  },
  rerank: {
    response: [
      { id: 2, score: 0.2 },
      { id: 0, score: 0.9 },
      { id: 7, score: 1 },
    ],
  },
  image: { image: '/9j/4AAQ' },
  transcribe: {
    text: ' Good morning. ',
    word_count: 2,
    transcription_info: { language: 'en', duration: 2.4 },
    segments: [
      {
        start: 0,
        end: 2.4,
        text: ' Good morning.',
        words: [
          { word: ' Good', start: 0, end: 1 },
          { word: ' morning.', start: 1, end: 2.4 },
        ],
      },
    ],
  },
  moderate: { response: 'unsafe\nS1,S10', usage },
  queued: { status: 'queued', request_id: '768f15b7-4fd6-4498-906e-ad94ffc7f8d2', model: llama },
} as const satisfies Record<string, WireReply['body']>;
