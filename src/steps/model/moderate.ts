import { z } from 'zod';

import { defined } from './defined.ts';
import { fileField, mediaOf, namedIn } from './files.ts';
import type { ModelStep } from './port.ts';
import { wrongKind } from './port.ts';
import { replyFields } from './reply-fields.ts';

const input = z
  .strictObject({
    text: z.string().min(1).optional(),
    images: z.array(fileField).min(1).max(16).optional(),
  })
  .refine(({ text, images }) => text !== undefined || images !== undefined, {
    error: 'must have `text`, `images` or both',
  })
  .meta({ minProperties: 1 });

/** Says whether a text or images hold what a provider's policy names. */
export const modelModerate: ModelStep<typeof input> = {
  input,
  files: ({ images }) => namedIn(images, ['images'], 'image'),
  call: ({ text, images }, { model, media }) => ({
    ok: true,
    value: {
      kind: 'moderate',
      model,
      ...defined({ text, images: images?.map((id) => mediaOf(media, id)) }),
    },
  }),
  output(reply) {
    const { result } = reply;
    if (result.kind !== 'moderate') return wrongKind('moderate');
    const { flagged, categories } = result;
    return {
      ok: true,
      value: {
        flagged,
        categories: Object.fromEntries(categories.map((one) => [one.category, one.flagged])),
        scores: Object.fromEntries(categories.map((one) => [one.category, one.score])),
        ...replyFields(reply),
      },
    };
  },
};
