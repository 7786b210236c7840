import type { Providers } from '../../../src/services/ports/targets/providers.ts';

/** A deployment that knows the name of one provider, and nothing of it. */
export const providers: Providers = {
  ids: ['openai'],
  get: () => null,
  modelsOf: () => [],
  kindOf: () => null,
  capabilitiesOf: () => null,
};
