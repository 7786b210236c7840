import { z } from 'zod';

import type { ModelStep } from './port.ts';
import { wrongKind } from './port.ts';
import { replyFields } from './reply-fields.ts';

const input = z.strictObject({
  query: z.string().min(1),
  documents: z.array(z.string()).min(1).max(1_000),
  top_n: z.int().min(1).max(1_000).optional(),
});

/** Orders documents by how well they answer a query; `index` points into `documents`. */
export const modelRerank: ModelStep<typeof input> = {
  input,
  call: ({ query, documents, top_n: topN }, { model }) => ({
    ok: true,
    value: { kind: 'rerank', model, query, documents, topN: topN ?? documents.length },
  }),
  output(reply) {
    const { result } = reply;
    if (result.kind !== 'rerank') return wrongKind('rerank');
    return { ok: true, value: { results: result.results, ...replyFields(reply) } };
  },
};
