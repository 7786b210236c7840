import type { Binding } from '../binding.ts';
import type { Asked } from '../shared/failures.ts';

/** Anthropic's API as the deployment has bound it. */
export type AnthropicSettings = Pick<Binding, 'id' | 'baseUrl' | 'apiKey' | 'secretName' | 'fetch'>;

export function askedOf(
  { id, secretName, apiKey }: AnthropicSettings,
  model: string | null,
): Asked {
  return { provider: id, model, secretName, secrets: apiKey === '' ? [] : [apiKey] };
}
