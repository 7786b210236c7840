import { z } from 'zod';

import { defined } from './defined.ts';
import type { ModelStep } from './port.ts';
import { wrongKind } from './port.ts';
import { replyFields } from './reply-fields.ts';

const label = z.strictObject({
  label: z.string().min(1).max(200),
  description: z.string().max(2_000).optional(),
});

const input = z.strictObject({
  text: z.string().min(1),
  /** Candidates; none for a model that has labels of its own. */
  labels: z.array(label).max(100).optional(),
  top_n: z.int().min(1).max(100).optional(),
});

/** Says which labels fit a text, the best first. */
export const modelClassify: ModelStep<typeof input> = {
  input,
  call: ({ text, labels, top_n: topN }, { model }) => ({
    ok: true,
    value: {
      kind: 'classify',
      model,
      text,
      topN: topN ?? 3,
      labels: (labels ?? []).map(({ label: name, description }) => ({
        label: name,
        ...defined({ description }),
      })),
    },
  }),
  output(reply) {
    const { result } = reply;
    if (result.kind !== 'classify') return wrongKind('classify');
    const [best] = result.labels;
    return {
      ok: true,
      value: { label: best?.label ?? null, labels: result.labels, ...replyFields(reply) },
    };
  },
};
