import type { ImageCall, TranscribeCall } from '../../../src/domain/model/model-call.ts';
import { falProviders } from '../../../src/providers/fal/providers.ts';
import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import type { ProviderAdapter } from '../../../src/providers/port.ts';
import { noFetch, someFile } from '../calling.ts';

export const falKey = '1f4b6e0a-3c2d-4e5f-8a9b-0c1d2e3f4a5b:0123456789abcdef0123456789abcdef';
export const baseUrl = 'https://queue.fal.example';
export const jwksUrl = 'https://keys.fal.example/jwks.json';
export const callbackUrl = 'https://penstock.example/callbacks/v1.abc.def';

export function makeAdapter(fetch: FetchLike = noFetch): ProviderAdapter {
  return falProviders.fal.make({
    id: 'fal',
    baseUrl,
    apiKey: falKey,
    secretName: 'FAL_KEY',
    fetch,
    setting: (name) => (name === 'FAL_JWKS_URL' ? jwksUrl : undefined),
  });
}

export function imageCall(overrides: Partial<ImageCall> = {}): ImageCall {
  return { kind: 'image', model: 'fal-ai/flux/dev', prompt: 'a red fox', count: 1, ...overrides };
}

export function transcribeCall(overrides: Partial<TranscribeCall> = {}): TranscribeCall {
  return {
    kind: 'transcribe',
    model: 'fal-ai/whisper',
    audio: someFile('audio/mpeg'),
    ...overrides,
  };
}

export const ticket = { providerJobId: '80e732af-660e-45cd-bd63-580e4f2a94cc', data: null };

/** The answer to a submit. */
export const queued = {
  request_id: ticket.providerJobId,
  response_url: `${baseUrl}/fal-ai/flux/requests/${ticket.providerJobId}`,
  queue_position: 2,
};

export const imageResult = {
  images: [
    {
      url: 'https://v3.fal.media/files/rabbit/a.png',
      content_type: 'image/png',
      width: 1024,
      height: 768,
    },
  ],
  seed: 42,
  has_nsfw_concepts: [false],
  prompt: 'a red fox',
};

/** Status, body and headers. */
export type Answer = readonly [number, unknown, Readonly<Record<string, string>>?];

/** Answers the requests in turn. */
export function answering(...answers: readonly Answer[]) {
  const sent: { readonly url: string; readonly method: string | undefined }[] = [];
  const fetch: FetchLike = async (url, init) => {
    const [status, body, headers = {}] = answers[sent.length] ?? [500, {}];
    sent.push({ url, method: init.method });
    return Response.json(body, { status, headers });
  };
  return { fetch, sent };
}
