import { openAiCompatibleProfiles } from '../../../src/providers/openai-compatible/profiles.ts';
import type { OpenAiCompatibleSettings } from '../../../src/providers/openai-compatible/settings.ts';
import { makeOpenAi } from '../../../src/providers/openai/adapter.ts';
import type { ProviderAdapter } from '../../../src/providers/port.ts';
import type { ChatCall } from '../../../src/domain/model/model-call.ts';
import { chatCall, secretKey } from '../openai-compatible/support.ts';
import { noFetch } from '../calling.ts';

export function makeAdapter(overrides: Partial<OpenAiCompatibleSettings> = {}): ProviderAdapter {
  return makeOpenAi({
    id: 'openai',
    baseUrl: 'https://api.openai.example/v1',
    apiKey: secretKey,
    secretName: 'OPENAI_API_KEY',
    fetch: noFetch,
    profile: openAiCompatibleProfiles.openai,
    ...overrides,
  });
}

export function backgroundCall(overrides: Partial<ChatCall> = {}): ChatCall {
  return chatCall({ model: 'o4-mini', execution: 'background', ...overrides });
}

export const ticket = { providerJobId: 'resp_68a1', data: null };

/** A response object in a status, as `GET /responses/{id}` gives it. */
export function response(status: string, more: object = {}) {
  return {
    id: 'resp_68a1',
    object: 'response',
    model: 'o4-mini-2025-04-16',
    status,
    error: null,
    ...more,
  };
}

export function message(...content: readonly object[]) {
  return { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content };
}

export const usage = {
  input_tokens: 120,
  input_tokens_details: { cached_tokens: 100 },
  output_tokens: 90,
  output_tokens_details: { reasoning_tokens: 64 },
  total_tokens: 210,
};
