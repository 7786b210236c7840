import type { TranscribeCall } from '../../../src/domain/model/model-call.ts';
import { deepgramProviders } from '../../../src/providers/deepgram/providers.ts';
import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import type { ProviderAdapter } from '../../../src/providers/port.ts';
import { noFetch, someFile } from '../calling.ts';

export const apiKey = '0123456789abcdef0123456789abcdef01234567';
export const callbackUrl = 'https://penstock.example/callbacks/v1.abc.def';

export function makeAdapter(fetch: FetchLike = noFetch): ProviderAdapter {
  return deepgramProviders.deepgram.make({
    id: 'deepgram',
    baseUrl: 'https://api.deepgram.example/v1',
    apiKey,
    secretName: 'DEEPGRAM_API_KEY',
    fetch,
    setting: () => undefined,
  });
}

export function transcribeCall(overrides: Partial<TranscribeCall> = {}): TranscribeCall {
  return { kind: 'transcribe', model: 'nova-3', audio: someFile('audio/mpeg'), ...overrides };
}

export const accepted = { request_id: 'a847f427-4ad5-4d67-9b95-db801e58251c' };

export const listened = {
  metadata: {
    request_id: accepted.request_id,
    sha256: 'ab'.repeat(32),
    duration: 25.933313,
    channels: 2,
    models: ['30089e05-99d1-4376-b32e-c263170674af'],
    model_info: {
      '30089e05-99d1-4376-b32e-c263170674af': {
        name: '2-general-nova',
        version: '1',
        arch: 'nova-3',
      },
    },
  },
  results: {
    channels: [
      {
        detected_language: 'en',
        alternatives: [
          {
            transcript: 'Yeah. As much as it is worth.',
            confidence: 0.99,
            words: [
              {
                word: 'yeah',
                punctuated_word: 'Yeah.',
                start: 0.08,
                end: 0.32,
                confidence: 0.9,
                speaker: 0,
              },
            ],
          },
        ],
      },
      {
        alternatives: [{ transcript: 'Right.', words: [{ word: 'right', start: 0.01, end: 0.2 }] }],
      },
    ],
    utterances: [
      {
        transcript: 'Yeah. As much as it is worth.',
        start: 0.08,
        end: 3.1,
        speaker: 0,
        channel: 0,
      },
      { transcript: 'Right.', start: 3.2, end: 3.5, speaker: 1, channel: 1 },
    ],
  },
};
