import type { ProviderEntry } from '../binding.ts';
import { settingOf } from '../shared/account.ts';
import { makeReplicate } from './adapter.ts';

const webhookSecretName = 'REPLICATE_WEBHOOK_SECRET';

export const replicateProviders = {
  replicate: {
    secretName: 'REPLICATE_API_TOKEN',
    baseUrlName: 'REPLICATE_BASE_URL',
    baseUrl: 'https://api.replicate.com/v1',
    moreSettings: [webhookSecretName],
    make: (binding) => {
      const { id, baseUrl, apiKey, secretName, fetch } = binding;
      const webhookSecret = settingOf(binding, webhookSecretName);
      const secrets = [apiKey, webhookSecret].filter((secret) => secret !== '');
      const headers = { authorization: `Bearer ${apiKey}` };
      const account = { id, secretName, secrets, endpoint: { fetch, baseUrl, headers } };
      return makeReplicate(account, webhookSecret);
    },
  },
} as const satisfies Record<string, ProviderEntry>;
