import type { ChatCall, EmbedCall, ModelCall } from '../../../src/domain/model/model-call.ts';
import { makeOpenAiCompatible } from '../../../src/providers/openai-compatible/adapter.ts';
import { openAiCompatibleProfiles } from '../../../src/providers/openai-compatible/profiles.ts';
import type { OpenAiCompatibleSettings } from '../../../src/providers/openai-compatible/settings.ts';
import type { CallContext, ProviderAdapter, WireReply } from '../../../src/providers/port.ts';
import { noFetch } from '../calling.ts';

export const secretKey = 'sk-test-0123456789abcdefSECRET';

export function makeAdapter(overrides: Partial<OpenAiCompatibleSettings> = {}): ProviderAdapter {
  return makeOpenAiCompatible({
    id: 'openai',
    baseUrl: 'https://api.openai.example/v1',
    apiKey: secretKey,
    secretName: 'OPENAI_API_KEY',
    fetch: noFetch,
    profile: openAiCompatibleProfiles.openai,
    ...overrides,
  });
}

export function chatCall(overrides: Partial<ChatCall> = {}): ChatCall {
  return {
    kind: 'chat',
    model: 'gpt-4.1-mini',
    messages: [{ role: 'user', content: 'Say hello to Ada.' }],
    parameters: {},
    output: { kind: 'text' },
    ...overrides,
  };
}

export const jsonOutput: ChatCall['output'] = {
  kind: 'json',
  schema: {
    type: 'object',
    properties: { name: { type: 'string' } },
    required: ['name'],
    additionalProperties: false,
  },
};

export function embedCall(overrides: Partial<EmbedCall> = {}): EmbedCall {
  return { kind: 'embed', model: 'text-embedding-3-small', texts: ['one', 'two'], ...overrides };
}

export function contextWith(overrides: Partial<CallContext> = {}): CallContext {
  return {
    signal: new AbortController().signal,
    idempotencyKey: 'att_1',
    headers: {},
    onHeaders: () => undefined,
    ...overrides,
  };
}

/** An error as OpenAI writes it. */
export function openAiError(
  code: string | null,
  type = 'invalid_request_error',
): WireReply['body'] {
  return { error: { message: 'words of the provider', type, param: null, code } };
}

/** A fetch that answers with these pieces of a body, one read at a time. */
export function fetchOf(
  pieces: readonly (string | Uint8Array)[],
  init: ResponseInit = { headers: { 'content-type': 'text/event-stream' } },
): OpenAiCompatibleSettings['fetch'] {
  return async () => {
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) {
          controller.enqueue(typeof piece === 'string' ? encoder.encode(piece) : piece);
        }
        controller.close();
      },
    });
    return new Response(body, init);
  };
}

export async function submitWith(
  fetch: OpenAiCompatibleSettings['fetch'],
  call: ModelCall = chatCall(),
) {
  return makeAdapter({ fetch }).submitJob(call, contextWith());
}
