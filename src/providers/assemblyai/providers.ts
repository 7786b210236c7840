import type { ProviderEntry } from '../binding.ts';
import { settingOf } from '../shared/account.ts';
import { makeAssemblyai } from './adapter.ts';

const webhookSecretName = 'ASSEMBLYAI_WEBHOOK_SECRET';

export const assemblyaiProviders = {
  assemblyai: {
    secretName: 'ASSEMBLYAI_API_KEY',
    baseUrlName: 'ASSEMBLYAI_BASE_URL',
    baseUrl: 'https://api.assemblyai.com/v2',
    moreSettings: [webhookSecretName],
    make: (binding) => {
      const { id, baseUrl, apiKey, secretName, fetch } = binding;
      const webhookSecret = settingOf(binding, webhookSecretName);
      const secrets = [apiKey, webhookSecret].filter((secret) => secret !== '');
      // The key stands alone, without `Bearer`.
      const endpoint = { fetch, baseUrl, headers: { authorization: apiKey } };
      return makeAssemblyai({ id, secretName, secrets, endpoint }, webhookSecret);
    },
  },
} as const satisfies Record<string, ProviderEntry>;
