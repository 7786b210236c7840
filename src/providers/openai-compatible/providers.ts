import type { ProviderEntry } from '../binding.ts';
import { makeOpenAiCompatible } from './adapter.ts';
import { openAiCompatibleProfiles, type OpenAiCompatibleProfile } from './profile.ts';

type Place = Omit<ProviderEntry, 'make'>;

/** Every server that speaks OpenAI's API. */
export const openAiCompatibleProviders = {
  openai: entry(openAiCompatibleProfiles.openai, {
    secretName: 'OPENAI_API_KEY',
    baseUrlName: 'OPENAI_BASE_URL',
    baseUrl: 'https://api.openai.com/v1',
  }),
  groq: entry(openAiCompatibleProfiles.groq, {
    secretName: 'GROQ_API_KEY',
    baseUrlName: 'GROQ_BASE_URL',
    baseUrl: 'https://api.groq.com/openai/v1',
  }),
  together: entry(openAiCompatibleProfiles.together, {
    secretName: 'TOGETHER_API_KEY',
    baseUrlName: 'TOGETHER_BASE_URL',
    baseUrl: 'https://api.together.xyz/v1',
  }),
  openrouter: entry(openAiCompatibleProfiles.openrouter, {
    secretName: 'OPENROUTER_API_KEY',
    baseUrlName: 'OPENROUTER_BASE_URL',
    baseUrl: 'https://openrouter.ai/api/v1',
  }),
  vllm: entry(openAiCompatibleProfiles.vllm, {
    secretName: null,
    baseUrlName: 'VLLM_BASE_URL',
    baseUrl: null,
  }),
  ollama: entry(openAiCompatibleProfiles.ollama, {
    secretName: null,
    baseUrlName: 'OLLAMA_BASE_URL',
    baseUrl: null,
  }),
} as const satisfies Record<string, ProviderEntry>;

function entry(profile: OpenAiCompatibleProfile, place: Place): ProviderEntry {
  return { ...place, make: (binding) => makeOpenAiCompatible({ ...binding, profile }) };
}
