import type { FetchLike } from '../http/exchange.ts';
import type { OpenAiCompatibleProfile } from './profile.ts';

/** One server that speaks OpenAI's API, as the deployment has bound it. */
export type OpenAiCompatibleSettings = {
  readonly id: string;
  readonly baseUrl: string;
  readonly apiKey: string;
  /** The name of the secret that holds the key, for messages. */
  readonly secretName: string;
  readonly fetch: FetchLike;
  readonly profile: OpenAiCompatibleProfile;
  /** Further headers on every call; each is a secret. */
  readonly secretHeaders?: Readonly<Record<string, string>>;
  /** Azure's `api-version`. */
  readonly apiVersion?: string;
};

/** Everything that must not show in an answer. */
export function secretsOf({ apiKey, secretHeaders = {} }: OpenAiCompatibleSettings): string[] {
  const bare = Object.values(secretHeaders).map((value) => value.replace(/^Bearer /, ''));
  return [apiKey, ...bare].filter((secret) => secret !== '');
}
