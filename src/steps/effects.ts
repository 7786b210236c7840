import type { z } from 'zod';

import type { EffectKind } from '../domain/definition/step-kinds.ts';
import { fetchInput } from './file/fetch.ts';

/** The `with` of steps that reach out of the Worker and ask no model. */
export const effectInputs = {
  'file.fetch': fetchInput,
} as const satisfies Record<EffectKind, z.ZodType>;
