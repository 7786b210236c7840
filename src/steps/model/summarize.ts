import { z } from 'zod';

import type { ModelStep } from './port.ts';
import { wrongKind } from './port.ts';
import { replyFields } from './reply-fields.ts';

const input = z.strictObject({
  text: z.string().min(1),
  max_sentences: z.int().min(1).max(50).optional(),
});

/** Picks the sentences that carry a text; `start` and `end` are offsets into the text. */
export const modelSummarize: ModelStep<typeof input> = {
  input,
  call: ({ text, max_sentences: maxSentences }, { model }) => ({
    ok: true,
    value: { kind: 'summarize', model, text, maxSentences: maxSentences ?? 3 },
  }),
  output(reply) {
    const { result } = reply;
    if (result.kind !== 'summarize') return wrongKind('summarize');
    const { summary, sentences } = result;
    return { ok: true, value: { summary, sentences, ...replyFields(reply) } };
  },
};
