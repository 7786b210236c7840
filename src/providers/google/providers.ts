import type { ProviderEntry } from '../binding.ts';
import { makeGoogle } from './adapter.ts';

export const googleProviders = {
  google: {
    secretName: 'GOOGLE_API_KEY',
    baseUrlName: 'GOOGLE_BASE_URL',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    make: makeGoogle,
  },
} as const satisfies Record<string, ProviderEntry>;
