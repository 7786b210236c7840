import { z } from 'zod';

import { defined } from './defined.ts';
import type { ModelStep } from './port.ts';
import { wrongKind } from './port.ts';
import { replyFields } from './reply-fields.ts';

const input = z.strictObject({
  texts: z.array(z.string().min(1)).min(1).max(2_048),
  dimensions: z.int().min(1).max(4_096).optional(),
  /** What the vectors are for; models that tell a question from a passage embed them differently. */
  input_type: z.enum(['query', 'document']).optional(),
});

/** Turns texts into vectors, one for each text and in their order. */
export const modelEmbed: ModelStep<typeof input> = {
  input,
  call: ({ texts, dimensions, input_type: inputType }, { model }) => ({
    ok: true,
    value: {
      kind: 'embed',
      model,
      texts,
      ...defined({ dimensions, inputType }),
    },
  }),
  output(reply) {
    const { result } = reply;
    if (result.kind !== 'embed') return wrongKind('embed');
    const dimensions = result.vectors[0]?.length ?? 0;
    return { ok: true, value: { vectors: result.vectors, dimensions, ...replyFields(reply) } };
  },
};
