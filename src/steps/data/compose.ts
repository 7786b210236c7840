import { z } from 'zod';

import { jsonField } from '../json-field.ts';
import type { TransformStep } from '../port.ts';

const input = z.strictObject({ value: jsonField });

/** Gives its value back: a place in a pipeline to build an object from others and to check it. */
export const dataCompose = {
  version: 1,
  input,
  run: ({ value }) => ({ ok: true, value }),
} satisfies TransformStep<typeof input>;
