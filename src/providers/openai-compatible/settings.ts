import type { Binding } from '../binding.ts';
import type { OpenAiCompatibleProfile } from './profile.ts';

/** One server that speaks OpenAI's API, as the deployment has bound it. */
export type OpenAiCompatibleSettings = Omit<Binding, 'setting'> & {
  readonly profile: OpenAiCompatibleProfile;
};
