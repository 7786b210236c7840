import type { Settings } from '../../../scripts/lib/settings.ts';

/** A key that providers get and nobody else may ever see. */
export const PROVIDER_KEY = 'sk-e2e-7f3c19d2a4b85e60';

/** Two providers lead to the simulator; the others are not configured. */
export function settingsFor(rootKey: string, simulatorUrl: string): Settings {
  return {
    ROOT_API_KEY: rootKey,
    OPENAI_API_KEY: PROVIDER_KEY,
    OPENAI_BASE_URL: `${simulatorUrl}/v1`,
    GROQ_API_KEY: PROVIDER_KEY,
    GROQ_BASE_URL: `${simulatorUrl}/v1`,
  };
}
