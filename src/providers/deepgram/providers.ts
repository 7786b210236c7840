import type { ProviderEntry } from '../binding.ts';
import { makeDeepgram } from './adapter.ts';

export const deepgramProviders = {
  deepgram: {
    secretName: 'DEEPGRAM_API_KEY',
    baseUrlName: 'DEEPGRAM_BASE_URL',
    baseUrl: 'https://api.deepgram.com/v1',
    make: ({ id, baseUrl, apiKey, secretName, fetch }) =>
      makeDeepgram({
        id,
        secretName,
        secrets: [apiKey],
        endpoint: { fetch, baseUrl, headers: { authorization: `Token ${apiKey}` } },
      }),
  },
} as const satisfies Record<string, ProviderEntry>;
