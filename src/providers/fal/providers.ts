import type { ProviderEntry } from '../binding.ts';
import { settingOf } from '../shared/account.ts';
import { makeFal } from './adapter.ts';

const jwksUrlName = 'FAL_JWKS_URL';
const jwksUrlDefault = 'https://rest.alpha.fal.ai/.well-known/jwks.json';

export const falProviders = {
  fal: {
    secretName: 'FAL_KEY',
    baseUrlName: 'FAL_BASE_URL',
    baseUrl: 'https://queue.fal.run',
    moreSettings: [jwksUrlName],
    make: (binding) => {
      const { id, baseUrl, apiKey, secretName, fetch } = binding;
      const headers = { authorization: `Key ${apiKey}` };
      const endpoint = { fetch, baseUrl, headers };
      const account = { id, secretName, secrets: [apiKey], endpoint };
      return makeFal(account, settingOf(binding, jwksUrlName) || jwksUrlDefault);
    },
  },
} as const satisfies Record<string, ProviderEntry>;
