import type { ImageCall, TranscribeCall } from '../../../src/domain/model/model-call.ts';
import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import type { ProviderAdapter } from '../../../src/providers/port.ts';
import { replicateProviders } from '../../../src/providers/replicate/providers.ts';
import { noFetch, someFile } from '../calling.ts';

export const apiToken = 'r8_0123456789abcdefSECRET';
export const webhookSecret = `whsec_${Buffer.from('a secret of the account').toString('base64')}`;
export const callbackUrl = 'https://penstock.example/callbacks/v1.abc.def';
export const baseUrl = 'https://api.replicate.example/v1';

export function makeAdapter(fetch: FetchLike = noFetch, secret = webhookSecret): ProviderAdapter {
  return replicateProviders.replicate.make({
    id: 'replicate',
    baseUrl,
    apiKey: apiToken,
    secretName: 'REPLICATE_API_TOKEN',
    fetch,
    setting: (name) => (name === 'REPLICATE_WEBHOOK_SECRET' ? secret : undefined),
  });
}

export function imageCall(overrides: Partial<ImageCall> = {}): ImageCall {
  const model = 'black-forest-labs/flux-schnell';
  return { kind: 'image', model, prompt: 'a red fox', count: 1, ...overrides };
}

export function transcribeCall(overrides: Partial<TranscribeCall> = {}): TranscribeCall {
  return {
    kind: 'transcribe',
    model: 'openai/whisper',
    audio: someFile('audio/mpeg'),
    ...overrides,
  };
}

export const ticket = { providerJobId: 'gm3qorzdhgbfurvjtvhg6dckhu', data: null };

/** A prediction as Replicate shows it, in a status. */
export function prediction(status: string, more: object = {}) {
  return {
    id: ticket.providerJobId,
    model: 'black-forest-labs/flux-schnell',
    version: '5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15ccaa',
    status,
    input: { prompt: 'a red fox' },
    output: null,
    error: null,
    logs: '',
    metrics: {},
    created_at: '2026-11-22T10:00:00.123Z',
    urls: { get: `${baseUrl}/predictions/${ticket.providerJobId}` },
    ...more,
  };
}
