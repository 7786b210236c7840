import type { Target } from '../../../domain/job/attempt.ts';
import type { KnownCapabilities } from '../../../domain/model/model-capabilities.ts';
import type { ModelKind } from '../../../domain/model/model-call.ts';
import type { Capabilities, ProviderAdapter } from '../../../providers/port.ts';

/** What the deployment can call. */
export type Providers = {
  /** The adapter of a configured provider; null for one that is unknown or not configured. */
  get(id: string): ProviderAdapter | null;
  /** Every provider id that a definition may name. */
  readonly ids: readonly string[];
  /** The models of a provider that lists them; empty for one that does not. */
  modelsOf(id: string): readonly string[];
  /** What a model is for; null for a provider that does not list its models. */
  kindOf(target: Target): ModelKind | 'unknown_model' | null;
  /** What a provider can do, whether or not it is configured; null where that is not known without its settings. */
  capabilitiesOf(id: string): Capabilities | null;
  /** What is known of a model itself; null for most. */
  modelCapabilities?(target: Target): KnownCapabilities | null;
};
