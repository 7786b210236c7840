import type {
  ChatCall,
  EmbedCall,
  ImageCall,
  ModelCall,
} from '../../../src/domain/model/model-call.ts';
import { makeGoogle } from '../../../src/providers/google/adapter.ts';
import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import type { ProviderAdapter } from '../../../src/providers/port.ts';
import { noFetch } from '../calling.ts';

export const secretKey = 'AIzaSyTest0123456789abcdefSECRET';
export function makeAdapter(fetch: FetchLike = noFetch): ProviderAdapter {
  return makeGoogle({
    id: 'google',
    baseUrl: 'https://gemini.example/v1beta/',
    apiKey: secretKey,
    secretName: 'GOOGLE_API_KEY',
    fetch,
  });
}

export function chatCall(overrides: Partial<ChatCall> = {}): ChatCall {
  return {
    kind: 'chat',
    model: 'gemini-2.5-flash',
    messages: [{ role: 'user', content: 'Say hello to Ada.' }],
    parameters: {},
    output: { kind: 'text' },
    ...overrides,
  };
}

export const classifyCall: ModelCall = {
  kind: 'classify',
  model: 'gemini-2.5-flash',
  text: 'My card was charged twice.',
  labels: [{ label: 'billing' }, { label: 'bug' }],
  topN: 1,
};

export function embedCall(overrides: Partial<EmbedCall> = {}): EmbedCall {
  return { kind: 'embed', model: 'gemini-embedding-001', texts: ['one', 'two'], ...overrides };
}

export function imageCall(overrides: Partial<ImageCall> = {}): ImageCall {
  return {
    kind: 'image',
    model: 'gemini-2.5-flash-image',
    prompt: 'a cat',
    count: 1,
    ...overrides,
  };
}

type Body = { readonly [name: string]: never };

/** A reply in one piece, with one candidate that has these parts. */
export function content(parts: readonly object[], candidate: object = {}, more: object = {}): Body {
  return {
    candidates: [
      { content: { role: 'model', parts }, finishReason: 'STOP', index: 0, ...candidate },
    ],
    usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 7, totalTokenCount: 19 },
    modelVersion: 'gemini-2.5-flash-001',
    responseId: 'resp_1',
    ...more,
  } as unknown as Body;
}

export function error(
  code: number,
  status: string,
  message = 'words of the provider',
  details: readonly object[] = [],
): Body {
  return { error: { code, message, status, details } } as unknown as Body;
}

export const detail = (type: string, more: object) => ({
  '@type': `type.googleapis.com/google.rpc.${type}`,
  ...more,
});
