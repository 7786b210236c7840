import type { TranscribeCall } from '../../../src/domain/model/model-call.ts';
import { assemblyaiProviders } from '../../../src/providers/assemblyai/providers.ts';
import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import type { ProviderAdapter } from '../../../src/providers/port.ts';
import { noFetch, someFile } from '../calling.ts';

export const apiKey = 'aai0123456789abcdef0123456789abcd';
export const webhookSecret = 'a-secret-of-the-deployment-for-webhooks';
export const baseUrl = 'https://api.assemblyai.example/v2';
export const callbackUrl = 'https://penstock.example/callbacks/v1.abc.def';
export const uploadUrl = 'https://cdn.assemblyai.example/upload/ccbbbfaf';

export function makeAdapter(fetch: FetchLike = noFetch, secret = webhookSecret): ProviderAdapter {
  return assemblyaiProviders.assemblyai.make({
    id: 'assemblyai',
    baseUrl,
    apiKey,
    secretName: 'ASSEMBLYAI_API_KEY',
    fetch,
    setting: (name) => (name === 'ASSEMBLYAI_WEBHOOK_SECRET' ? secret : undefined),
  });
}

export function transcribeCall(overrides: Partial<TranscribeCall> = {}): TranscribeCall {
  const model = 'universal-3-5-pro';
  return { kind: 'transcribe', model, audio: someFile('audio/mpeg'), ...overrides };
}

export const ticket = { providerJobId: '9ea68fd3-f953-42c1-9742-976c447fb463', data: null };

export function transcript(status: string, more: object = {}) {
  return {
    id: ticket.providerJobId,
    status,
    audio_url: uploadUrl,
    webhook_url: callbackUrl,
    text: null,
    audio_duration: null,
    error: null,
    ...more,
  };
}

export const completed = transcript('completed', {
  text: 'Smoke from wildfires. Good.',
  language_code: 'en_us',
  audio_duration: 281,
  words: [{ text: 'Smoke', start: 250, end: 650, confidence: 0.97, speaker: 'A' }],
  utterances: [
    { text: 'Smoke from wildfires.', start: 250, end: 2_000, speaker: 'A' },
    { text: 'Good.', start: 2_100, end: 2_400, speaker: 'B' },
  ],
});
