import type { KnownCapabilities } from '../../domain/model/model-capabilities.ts';

/** What is known of the models whose whole name this pattern takes; a name that it does not take is another model. */
export type ModelRow = KnownCapabilities & { readonly models: RegExp };
