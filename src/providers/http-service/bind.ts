import type { FetchLike } from '../http/exchange.ts';
import type { ProviderAdapter } from '../port.ts';
import { withoutSecrets } from '../shared/without-secrets.ts';
import { makeHttpService } from './adapter.ts';
import { readServices } from './settings/read.ts';
import type { ServiceSettings } from './settings/schema.ts';

/** The setting with the deployment's own inference services, as JSON. */
export const httpServicesSetting = 'HTTP_PROVIDERS';

type BoundServices = {
  readonly adapters: ReadonlyMap<string, ProviderAdapter>;
  /** Services that can be named but not called, and what has to be done. */
  readonly unusable: ReadonlyMap<string, string>;
  /** What is wrong with the setting beyond single services. */
  readonly problems: readonly string[];
};

/** The services of the setting that can be called, and why the others cannot. `taken` are ids of other providers. */
export function bindServices(
  setting: (name: string) => string | undefined,
  fetch: FetchLike,
  taken: readonly string[],
): BoundServices {
  const read = readServices(setting(httpServicesSetting), httpServicesSetting, taken);
  const adapters = new Map<string, ProviderAdapter>();
  const unusable = new Map(read.invalid);
  for (const [id, service] of read.services) {
    const apiKey = keyOf(service, setting);
    if (apiKey === null) {
      unusable.set(id, `set ${service.secret_name ?? ''}`);
      continue;
    }
    const binding = { apiKey, settingName: httpServicesSetting, fetch };
    adapters.set(id, withoutSecrets(makeHttpService(service, binding), [apiKey]));
  }
  return { adapters, unusable, problems: read.problems };
}

/** The secrets that the services name, so that a local start can hand them on. */
export function serviceSecretNames(text: string | undefined): readonly string[] {
  const { services } = readServices(text, httpServicesSetting, []);
  return [...services.values()].flatMap(({ secret_name: name }) => name ?? []);
}

function keyOf(
  { secret_name: name }: ServiceSettings,
  setting: (name: string) => string | undefined,
): string | null {
  if (name === undefined) return '';
  const key = setting(name)?.trim() ?? '';
  return key === '' ? null : key;
}
