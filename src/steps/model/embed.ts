import { z } from 'zod';

import type { ModelStep } from './port.ts';
import { wrongKind } from './port.ts';

const input = z.strictObject({
  texts: z.array(z.string().min(1)).min(1).max(2_048),
  dimensions: z.int().min(1).max(4_096).optional(),
});

/** Turns texts into vectors, one for each text and in their order. */
export const modelEmbed: ModelStep<typeof input> = {
  input,
  call: ({ texts, dimensions }, { model }) => ({
    ok: true,
    value: { kind: 'embed', model, texts, ...(dimensions === undefined ? {} : { dimensions }) },
  }),
  output({ result, returnedModel }) {
    if (result.kind !== 'embed') return wrongKind('embed');
    const dimensions = result.vectors[0]?.length ?? 0;
    return { ok: true, value: { vectors: result.vectors, dimensions, model: returnedModel } };
  },
};
