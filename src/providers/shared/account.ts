import type { Binding } from '../binding.ts';
import type { Endpoint } from '../http/exchange.ts';
import type { Asked } from './failures.ts';

/** An account at a provider, as its adapter uses it. */
export type Account = {
  /** The name that pipelines use for the provider. */
  readonly id: string;
  /** The name of the secret that holds the key, for messages. */
  readonly secretName: string;
  readonly endpoint: Endpoint;
  /** Everything that must not show in an answer. */
  readonly secrets: readonly string[];
};

/** `model` is null where only the provider's answer is known. */
export function askedAt({ id, secretName, secrets }: Account, model: string | null): Asked {
  return { provider: id, model, secretName, secrets };
}

/** A setting that counts only when it says something, without the spaces around it. */
export function settingOf(binding: Pick<Binding, 'setting'>, name: string): string {
  return binding.setting(name)?.trim() ?? '';
}
