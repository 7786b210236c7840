import type { ProviderAdapter } from '../../../src/providers/port.ts';
import { makeRegistry } from '../../../src/providers/registry.ts';

/** Where a vendor's API stands at a mock server. */
export type Base = { readonly url: string; readonly mock: 'simulator' | 'aimock' };

/** Any: the mocks take all. */
export const apiKey = 'sk-oracle-0123456789';

/** The base of a vendor's API at a mock; aimock has them all at its root. */
export function baseAt({ url, mock }: Base, dialect: 'anthropic' | 'google' | 'openai'): string {
  return dialect === 'openai' || mock === 'aimock' ? url : `${url}/${dialect}`;
}

/** Our own adapter, bound as a deployment binds it. */
export function adapterAt(base: Base, provider: string): ProviderAdapter {
  const settings: Readonly<Record<string, string>> = {
    OPENAI_API_KEY: apiKey,
    OPENAI_BASE_URL: `${base.url}/v1`,
    ANTHROPIC_API_KEY: apiKey,
    ANTHROPIC_BASE_URL: `${baseAt(base, 'anthropic')}/v1`,
    GOOGLE_API_KEY: apiKey,
    GOOGLE_BASE_URL: `${baseAt(base, 'google')}/v1beta`,
    COHERE_API_KEY: apiKey,
    COHERE_BASE_URL: `${base.mock === 'aimock' ? base.url : `${base.url}/cohere`}/v2`,
    REPLICATE_API_TOKEN: apiKey,
    REPLICATE_BASE_URL: `${base.url}/replicate/v1`,
    FAL_KEY: apiKey,
    FAL_BASE_URL: `${base.url}/fal`,
  };
  const { adapters } = makeRegistry((name) => settings[name], fetch);
  const adapter = adapters.get(provider);
  if (adapter === undefined) throw new Error(`${provider} is not configured`);
  return adapter;
}
