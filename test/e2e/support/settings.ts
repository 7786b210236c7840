import { readFileSync } from 'node:fs';

import type { Settings } from '../../../scripts/lib/settings.ts';
import { basePathOf } from '../../support/simulator/wire-dialect.ts';

/** A key that providers get and nobody else may ever see. */
export const PROVIDER_KEY = 'sk-e2e-7f3c19d2a4b85e60';

/** A model that the deployment asks twice at once at most. */
export const LIMITED_MODEL = 'e2e-two-at-once';

/** Some providers lead to the simulator, one to a port where nobody listens; the others are not configured. */
export function settingsFor(rootKey: string, simulatorUrl: string): Settings {
  return {
    ROOT_API_KEY: rootKey,
    TARGET_LIMITS: JSON.stringify({ [`openai/${LIMITED_MODEL}`]: { concurrency: 2 } }),
    OPENAI_API_KEY: PROVIDER_KEY,
    OPENAI_BASE_URL: `${simulatorUrl}/v1`,
    GROQ_API_KEY: PROVIDER_KEY,
    GROQ_BASE_URL: `${simulatorUrl}/v1`,
    REPLICATE_API_TOKEN: PROVIDER_KEY,
    REPLICATE_BASE_URL: `${simulatorUrl}${basePathOf.replicate}`,
    FAL_KEY: PROVIDER_KEY,
    FAL_BASE_URL: `${simulatorUrl}${basePathOf.fal}`,
    ASSEMBLYAI_API_KEY: PROVIDER_KEY,
    ASSEMBLYAI_BASE_URL: `${simulatorUrl}${basePathOf.assemblyai}`,
    ANTHROPIC_API_KEY: PROVIDER_KEY,
    ANTHROPIC_BASE_URL: `${simulatorUrl}${basePathOf.anthropic}`,
    GOOGLE_API_KEY: PROVIDER_KEY,
    GOOGLE_BASE_URL: `${simulatorUrl}${basePathOf.google}`,
    CLOUDFLARE_API_TOKEN: PROVIDER_KEY,
    CLOUDFLARE_ACCOUNT_ID: 'e2e-account',
    WORKERS_AI_BASE_URL: `${simulatorUrl}${basePathOf['workers-ai']}`,
    COHERE_API_KEY: PROVIDER_KEY,
    COHERE_BASE_URL: `${simulatorUrl}${basePathOf.cohere}`,
    HTTP_PROVIDERS: ownServices(`${simulatorUrl}${basePathOf.own}`),
    PAINTER_API_KEY: PROVIDER_KEY,
    JINA_API_KEY: PROVIDER_KEY,
    JINA_BASE_URL: `${simulatorUrl}${basePathOf.jina}`,
    VOYAGE_API_KEY: PROVIDER_KEY,
    VOYAGE_BASE_URL: `${simulatorUrl}${basePathOf.voyage}`,
    MISTRAL_API_KEY: PROVIDER_KEY,
    MISTRAL_BASE_URL: 'http://127.0.0.1:1/v1',
  };
}

/** The services that the documentation declares, at the simulator, and one that is not in order. */
function ownServices(base_url: string): string {
  const page = readFileSync('docs/providers.md', 'utf8');
  const declared = [...page.matchAll(/^```json http-providers\n([\s\S]*?)^```$/gm)].flatMap(
    ([, json = '']) => JSON.parse(json) as object[],
  );
  const services = declared.map((service) => ({
    ...service,
    base_url,
    secret_name: 'PAINTER_API_KEY',
  }));
  return JSON.stringify([...services, { id: 'not-in-order', base_url, kinds: { chat: {} } }]);
}
