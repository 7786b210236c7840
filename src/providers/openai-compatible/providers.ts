import type { Binding, ProviderEntry } from '../binding.ts';
import { makeOpenAiCompatible } from './adapter.ts';
import type { OpenAiCompatibleProfile } from './profile.ts';
import { openAiCompatibleProfiles as profiles } from './profiles.ts';
import type { OpenAiCompatibleSettings } from './settings.ts';

const gatewayToken = 'CLOUDFLARE_AI_GATEWAY_TOKEN';
const azureVersion = 'AZURE_OPENAI_API_VERSION';

/** Every server that speaks OpenAI's chat API, but for OpenAI itself. */
export const openAiCompatibleProviders = {
  groq: hosted(profiles.groq, 'GROQ', 'https://api.groq.com/openai/v1'),
  together: hosted(profiles.together, 'TOGETHER', 'https://api.together.xyz/v1'),
  openrouter: hosted(profiles.openrouter, 'OPENROUTER', 'https://openrouter.ai/api/v1'),
  mistral: hosted(profiles.mistral, 'MISTRAL', 'https://api.mistral.ai/v1'),
  vllm: ownServer(profiles.vllm, 'VLLM'),
  ollama: ownServer(profiles.ollama, 'OLLAMA'),
  llamacpp: ownServer(profiles.llamacpp, 'LLAMACPP'),
  lmstudio: ownServer(profiles.lmstudio, 'LMSTUDIO'),
  'azure-openai': {
    secretName: 'AZURE_OPENAI_API_KEY',
    baseUrlName: 'AZURE_OPENAI_BASE_URL',
    baseUrl: null,
    moreSettings: [azureVersion],
    make: (binding) => {
      const apiVersion = binding.setting(azureVersion)?.trim() ?? '';
      const more = apiVersion === '' ? {} : { apiVersion };
      return make(binding, profiles['azure-openai'], more);
    },
  },
  'cloudflare-ai-gateway': {
    ...ownServer(profiles['cloudflare-ai-gateway'], 'CLOUDFLARE_AI_GATEWAY'),
    moreSettings: ['CLOUDFLARE_AI_GATEWAY_API_KEY', gatewayToken],
    make: (binding) => {
      const token = binding.setting(gatewayToken)?.trim() ?? '';
      const bound = withOptionalKey(binding, 'CLOUDFLARE_AI_GATEWAY');
      const secretHeaders = { 'cf-aig-authorization': `Bearer ${token}` };
      const more = token === '' ? {} : { secretHeaders };
      return make(bound, profiles['cloudflare-ai-gateway'], more);
    },
  },
} as const satisfies Record<string, ProviderEntry>;

/** A server that everyone reaches at the same place, with a key. */
function hosted(profile: OpenAiCompatibleProfile, prefix: string, baseUrl: string): ProviderEntry {
  return {
    secretName: `${prefix}_API_KEY`,
    baseUrlName: `${prefix}_BASE_URL`,
    baseUrl,
    make: (binding) => make(binding, profile),
  };
}

/** A server that everyone runs at a place of their own, with or without a key. */
function ownServer(profile: OpenAiCompatibleProfile, prefix: string): ProviderEntry {
  return {
    secretName: null,
    baseUrlName: `${prefix}_BASE_URL`,
    baseUrl: null,
    moreSettings: [`${prefix}_API_KEY`],
    make: (binding) => make(withOptionalKey(binding, prefix), profile),
  };
}

function withOptionalKey(binding: Binding, prefix: string): Binding {
  const secretName = `${prefix}_API_KEY`;
  return { ...binding, secretName, apiKey: binding.setting(secretName)?.trim() ?? '' };
}

function make(
  { id, baseUrl, apiKey, secretName, fetch }: Binding,
  profile: OpenAiCompatibleProfile,
  more: Partial<OpenAiCompatibleSettings> = {},
) {
  return makeOpenAiCompatible({ id, baseUrl, apiKey, secretName, fetch, profile, ...more });
}
