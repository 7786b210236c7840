import type { Json } from '../domain/json.ts';
import type { FetchLike } from './http/exchange.ts';
import type { ProviderAdapter } from './port.ts';

/** Cloudflare's own models, where the Worker is bound to them. */
export type AiBinding = {
  run(model: string, input: Json, options: Readonly<Record<string, unknown>>): Promise<unknown>;
};

/** A provider as the deployment has bound it: what its adapter is made from. */
export type Binding = {
  /** The name that pipelines use for the provider. */
  readonly id: string;
  /** Up to and including the version, without a trailing slash, e.g. `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Without surrounding spaces; empty for a server that wants no key. */
  readonly apiKey: string;
  /** The name of the secret that holds the key, for messages; empty for a server that wants none. */
  readonly secretName: string;
  readonly fetch: FetchLike;
  /** Further settings of this provider, by the names listed in `moreSettings`. */
  setting(name: string): string | undefined;
  /** Only for a provider that takes it; it stands in for base URL and key. */
  readonly ai?: AiBinding;
};

/** How a provider is bound: by names of settings, never by a pipeline. */
export type ProviderEntry = {
  /** The secret with the key; a provider with a secret is configured once it is set. */
  readonly secretName: string | null;
  /** The setting that overrides the base URL. */
  readonly baseUrlName: string;
  /** Null for a server that everyone runs somewhere else: it is configured once the setting is there. */
  readonly baseUrl: string | null;
  /** Settings that the adapter reads beside these; those that it cannot do without are in `required`. */
  readonly moreSettings?: readonly string[];
  readonly required?: readonly string[];
  /** With the Worker's own AI binding the provider is configured without any setting. */
  readonly takesAiBinding?: true;
  make(binding: Binding): ProviderAdapter;
};
