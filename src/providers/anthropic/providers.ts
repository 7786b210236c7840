import type { ProviderEntry } from '../binding.ts';
import { makeAnthropic } from './adapter.ts';

export const anthropicProviders = {
  anthropic: {
    secretName: 'ANTHROPIC_API_KEY',
    baseUrlName: 'ANTHROPIC_BASE_URL',
    baseUrl: 'https://api.anthropic.com/v1',
    make: makeAnthropic,
  },
} as const satisfies Record<string, ProviderEntry>;
