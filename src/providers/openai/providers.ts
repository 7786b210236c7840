import type { ProviderEntry } from '../binding.ts';
import { openAiCompatibleProfiles } from '../openai-compatible/profiles.ts';
import { makeOpenAi } from './adapter.ts';

export const openAiProviders = {
  openai: {
    secretName: 'OPENAI_API_KEY',
    baseUrlName: 'OPENAI_BASE_URL',
    baseUrl: 'https://api.openai.com/v1',
    make: ({ id, baseUrl, apiKey, secretName, fetch }) =>
      makeOpenAi({
        id,
        baseUrl,
        apiKey,
        secretName,
        fetch,
        profile: openAiCompatibleProfiles.openai,
      }),
  },
} as const satisfies Record<string, ProviderEntry>;
