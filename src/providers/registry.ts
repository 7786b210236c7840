import type { ModelKind } from '../domain/model/model-call.ts';
import { anthropicProviders } from './anthropic/providers.ts';
import { assemblyaiProviders } from './assemblyai/providers.ts';
import type { AiBinding, ProviderEntry } from './binding.ts';
import { builtinModels, makeBuiltin } from './builtin/builtin.ts';
import { deepgramProviders } from './deepgram/providers.ts';
import { falProviders } from './fal/providers.ts';
import { googleProviders } from './google/providers.ts';
import type { FetchLike } from './http/exchange.ts';
import { bindServices, httpServicesSetting, serviceSecretNames } from './http-service/bind.ts';
import { openAiProviders } from './openai/providers.ts';
import { openAiCompatibleProviders } from './openai-compatible/providers.ts';
import type { Capabilities, ProviderAdapter } from './port.ts';
import { rerankEmbedProviders } from './rerank-embed/providers.ts';
import { replicateProviders } from './replicate/providers.ts';
import { withoutSecrets } from './shared/without-secrets.ts';
import { workersAiProviders } from './workers-ai/providers.ts';

const BUILTIN = 'builtin';

/** The hosted providers, by the ids that definitions use. */
const hosted: Readonly<Record<string, ProviderEntry>> = {
  ...openAiProviders,
  ...openAiCompatibleProviders,
  ...replicateProviders,
  ...falProviders,
  ...assemblyaiProviders,
  ...deepgramProviders,
  ...anthropicProviders,
  ...googleProviders,
  ...rerankEmbedProviders,
  ...workersAiProviders,
};

/** Every provider id that is built in; a deployment's own services come on top. */
export const providerIds: readonly string[] = [BUILTIN, ...Object.keys(hosted)];

/** The settings that bind providers: secrets, base URLs and whatever else an adapter reads. */
export const providerSettingNames: readonly string[] = [
  httpServicesSetting,
  ...Object.values(hosted).flatMap(({ secretName, baseUrlName, moreSettings = [] }) => [
    ...(secretName === null ? [] : [secretName]),
    baseUrlName,
    ...moreSettings,
  ]),
];

/** The secrets that a deployment's own services name. */
export function namedSecrets(setting: Setting): readonly string[] {
  return serviceSecretNames(setting(httpServicesSetting));
}

export type Setting = (name: string) => string | undefined;

export type Registry = {
  readonly adapters: ReadonlyMap<string, ProviderAdapter>;
  /** Why a known provider has no adapter, as what has to be done. */
  readonly missing: ReadonlyMap<string, string>;
  /** Every provider id that a definition may name. */
  readonly ids: readonly string[];
  /** What is wrong with the setting of the deployment's own services, beyond single ones. */
  readonly problems: readonly string[];
};

/**
 * Builds the adapters of all providers that the deployment has configured. `ai` is the Worker's own AI binding, where
 * it has one.
 */
export function makeRegistry(setting: Setting, fetch: FetchLike, ai?: AiBinding): Registry {
  const services = bindServices(setting, fetch, providerIds);
  const builtin: [string, ProviderAdapter] = [BUILTIN, makeBuiltin()];
  const adapters = new Map<string, ProviderAdapter>([builtin, ...services.adapters]);
  const missing = new Map<string, string>(services.unusable);
  for (const [id, entry] of Object.entries(hosted)) {
    const own = entry.takesAiBinding === true ? ai : undefined;
    const bound =
      own === undefined ? bind(id, entry, setting, fetch) : bindTo(own, id, entry, setting);
    if (typeof bound === 'string') missing.set(id, `set ${bound}`);
    else adapters.set(id, bound);
  }
  const ids = [...providerIds, ...services.adapters.keys(), ...services.unusable.keys()];
  return { adapters, missing, ids, problems: services.problems };
}

const noFetch: FetchLike = () => Promise.reject(new Error('a binding takes no address'));

/** The Worker's own binding needs no address and no key. */
function bindTo(
  ai: AiBinding,
  id: string,
  entry: ProviderEntry,
  setting: Setting,
): ProviderAdapter {
  const secretName = entry.secretName ?? '';
  return entry.make({ id, baseUrl: '', apiKey: '', secretName, fetch: noFetch, setting, ai });
}

/** The adapter, or the name of the setting that it lacks. */
function bind(
  id: string,
  entry: ProviderEntry,
  setting: Setting,
  fetch: FetchLike,
): ProviderAdapter | string {
  const { secretName, baseUrlName, required = [] } = entry;
  const baseUrl = filled(setting, baseUrlName) ?? entry.baseUrl;
  if (baseUrl === null) return baseUrlName;
  const needed = secretName === null ? required : [secretName, ...required];
  const lacking = needed.find((name) => filled(setting, name) === null);
  if (lacking !== undefined) return lacking;
  const adapter = entry.make({
    id,
    baseUrl: baseUrl.replace(/\/+$/, ''),
    apiKey: filled(setting, secretName ?? '') ?? '',
    secretName: secretName ?? '',
    fetch,
    setting,
  });
  return withoutSecrets(adapter, secretsOf(entry, setting));
}

/** A setting without the spaces around it; nothing but spaces is none. */
function filled(setting: Setting, name: string): string | null {
  const value = setting(name)?.trim() ?? '';
  return value === '' ? null : value;
}

/** What of a provider's settings is secret, by their names. */
function secretsOf({ secretName, moreSettings = [] }: ProviderEntry, setting: Setting): string[] {
  const names = [...(secretName === null ? [] : [secretName]), ...moreSettings];
  return names
    .filter((name) => /_(?:KEY|TOKEN|SECRET)$/.test(name))
    .flatMap((name) => filled(setting, name) ?? []);
}

/** The models of a provider that lists them, by name; null for one that does not. */
export function listedModels(provider: string): ReadonlyMap<string, ModelKind> | null {
  if (provider !== BUILTIN) return null;
  return new Map(Object.entries(builtinModels).map(([name, { kind }]) => [name, kind]));
}

/** What a provider can do, before it is configured; null for one whose settings decide. */
export function knownCapabilities(provider: string): Capabilities | null {
  if (provider === BUILTIN) return makeBuiltin().capabilities;
  const entry = Object.hasOwn(hosted, provider) ? hosted[provider] : undefined;
  const { capabilities = null } = (entry && unbound(provider, entry)) ?? {};
  return capabilities === null || capabilities.kinds.length === 0 ? null : capabilities;
}

/** The adapter of a provider that is bound to nothing; null for one that cannot be made without its settings. */
function unbound(id: string, entry: ProviderEntry): ProviderAdapter | null {
  try {
    return entry.make({
      id,
      baseUrl: 'https://unbound.invalid',
      apiKey: '',
      secretName: '',
      fetch: () => Promise.reject(new Error('the provider is not configured')),
      setting: () => undefined,
    });
  } catch {
    return null;
  }
}

/** How a provider is bound, by the names of its settings; null for one that needs none. */
export function settingsOfProvider(provider: string): Omit<ProviderEntry, 'make'> | null {
  return Object.hasOwn(hosted, provider) ? (hosted[provider] ?? null) : null;
}
