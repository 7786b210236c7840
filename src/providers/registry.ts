import type { ModelKind } from '../domain/model-call.ts';
import { builtinModels, makeBuiltin } from './builtin/builtin.ts';
import type { FetchLike } from './http/exchange.ts';
import { makeOpenAiCompatible } from './openai-compatible/adapter.ts';
import {
  openAiCompatibleProfiles,
  type OpenAiCompatibleProfile,
} from './openai-compatible/profile.ts';
import type { ProviderAdapter } from './port.ts';

/** How a hosted provider is bound: by names of settings, never by a pipeline. */
type HostedProvider = {
  readonly profile: OpenAiCompatibleProfile;
  /** The secret with the key; a provider with a secret is configured once it is set. */
  readonly secretName: string | null;
  /** The setting that overrides the base URL. */
  readonly baseUrlName: string;
  /** Null for a server that everyone runs somewhere else: it is configured once the setting is there. */
  readonly baseUrl: string | null;
};

const hosted = {
  openai: {
    profile: openAiCompatibleProfiles.openai,
    secretName: 'OPENAI_API_KEY',
    baseUrlName: 'OPENAI_BASE_URL',
    baseUrl: 'https://api.openai.com/v1',
  },
  groq: {
    profile: openAiCompatibleProfiles.groq,
    secretName: 'GROQ_API_KEY',
    baseUrlName: 'GROQ_BASE_URL',
    baseUrl: 'https://api.groq.com/openai/v1',
  },
  together: {
    profile: openAiCompatibleProfiles.together,
    secretName: 'TOGETHER_API_KEY',
    baseUrlName: 'TOGETHER_BASE_URL',
    baseUrl: 'https://api.together.xyz/v1',
  },
  openrouter: {
    profile: openAiCompatibleProfiles.openrouter,
    secretName: 'OPENROUTER_API_KEY',
    baseUrlName: 'OPENROUTER_BASE_URL',
    baseUrl: 'https://openrouter.ai/api/v1',
  },
  vllm: {
    profile: openAiCompatibleProfiles.vllm,
    secretName: null,
    baseUrlName: 'VLLM_BASE_URL',
    baseUrl: null,
  },
  ollama: {
    profile: openAiCompatibleProfiles.ollama,
    secretName: null,
    baseUrlName: 'OLLAMA_BASE_URL',
    baseUrl: null,
  },
} as const satisfies Record<string, HostedProvider>;

const BUILTIN = 'builtin';

/** Every provider id that a definition may name. */
export const providerIds: readonly string[] = [BUILTIN, ...Object.keys(hosted)];

/** The settings that bind providers: secrets and base URLs. */
export const providerSettingNames: readonly string[] = Object.values<HostedProvider>(
  hosted,
).flatMap(({ secretName, baseUrlName }) =>
  secretName === null ? [baseUrlName] : [secretName, baseUrlName],
);

export type Registry = {
  readonly adapters: ReadonlyMap<string, ProviderAdapter>;
  /** Why a known provider has no adapter: the setting that is missing. */
  readonly missing: ReadonlyMap<string, string>;
};

/** Builds the adapters of all providers that the deployment has configured. */
export function makeRegistry(
  setting: (name: string) => string | undefined,
  fetch: FetchLike,
): Registry {
  const adapters = new Map<string, ProviderAdapter>([[BUILTIN, makeBuiltin()]]);
  const missing = new Map<string, string>();
  for (const [id, provider] of Object.entries<HostedProvider>(hosted)) {
    const baseUrl = setting(provider.baseUrlName) ?? provider.baseUrl;
    const apiKey = provider.secretName === null ? '' : setting(provider.secretName);
    if (baseUrl === null) missing.set(id, provider.baseUrlName);
    else if (apiKey === undefined) missing.set(id, provider.secretName ?? '');
    else {
      const { profile, secretName } = provider;
      const bound = { id, baseUrl, apiKey, secretName: secretName ?? '', fetch, profile };
      adapters.set(id, makeOpenAiCompatible(bound));
    }
  }
  return { adapters, missing };
}

/** The models of a provider that lists them, by name; null for one that does not. */
export function listedModels(provider: string): ReadonlyMap<string, ModelKind> | null {
  if (provider !== BUILTIN) return null;
  return new Map(Object.entries(builtinModels).map(([name, { kind }]) => [name, kind]));
}
