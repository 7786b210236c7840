import type { FetchLike } from '../http/exchange.ts';
import type { OpenAiCompatibleProfile } from './profile.ts';

/** One server that speaks OpenAI's API, as the deployment has bound it. */
export type OpenAiCompatibleSettings = {
  /** The name that pipelines use for the provider. */
  readonly id: string;
  /** Up to and including the version, e.g. `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Empty for a server that wants no key. */
  readonly apiKey: string;
  /** The name of the secret that holds the key, for messages. */
  readonly secretName: string;
  readonly fetch: FetchLike;
  readonly profile: OpenAiCompatibleProfile;
};
