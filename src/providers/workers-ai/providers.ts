import type { Binding, ProviderEntry } from '../binding.ts';
import type { ProviderAdapter } from '../port.ts';
import { makeWorkersAi } from './adapter.ts';
import { fetchByBinding } from './by-binding.ts';

const accountName = 'CLOUDFLARE_ACCOUNT_ID';

export const workersAiProviders = {
  'workers-ai': {
    secretName: 'CLOUDFLARE_API_TOKEN',
    baseUrlName: 'WORKERS_AI_BASE_URL',
    baseUrl: 'https://api.cloudflare.com/client/v4',
    moreSettings: [accountName],
    required: [accountName],
    takesAiBinding: true,
    make: (binding) => (binding.ai === undefined ? overHttp(binding) : bound(binding, binding.ai)),
  },
} as const satisfies Record<string, ProviderEntry>;

function overHttp({
  id,
  baseUrl,
  apiKey,
  secretName,
  fetch,
  ...binding
}: Binding): ProviderAdapter {
  const accountId = encodeURIComponent(binding.setting(accountName)?.trim() ?? '');
  const endpoint = {
    fetch,
    baseUrl: `${baseUrl.replace(/\/+$/, '')}/accounts/${accountId}/ai`,
    headers: { authorization: `Bearer ${apiKey.trim()}` },
  };
  const secrets = apiKey.trim() === '' ? [] : [apiKey.trim()];
  return makeWorkersAi({ id, secretName, endpoint, secrets });
}

/** Neither key nor address: the account is the Worker's own. */
function bound({ id, secretName }: Binding, ai: NonNullable<Binding['ai']>): ProviderAdapter {
  const endpoint = { fetch: fetchByBinding(ai), baseUrl: '', headers: {} };
  return makeWorkersAi({ id, secretName, endpoint, secrets: [] });
}
