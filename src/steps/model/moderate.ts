import { z } from 'zod';

import type { Moderated } from '../../domain/job/attempt.ts';
import { isJsonObject, type Json } from '../../domain/json.ts';
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

const CATEGORIES_MAX = 32;
/** Names, and no sentences: a model that was asked for names may say anything. */
const CATEGORY = /^[\p{L}\p{N}][\p{L}\p{N}_./&:-]{0,39}(?: [\p{L}\p{N}_./&:-]{1,20}){0,2}$/u;
/** Stands for categories that have no name that could be shown. */
const OTHER = 'other';

/** What is measured of a moderation, by its output; null for what is none. */
export function moderatedOf(output: Json): Moderated | null {
  if (!isJsonObject(output) || typeof output['flagged'] !== 'boolean') return null;
  const { flagged, categories: said } = output;
  const names = Object.entries(isJsonObject(said) ? said : {})
    .filter(([, isFlagged]) => isFlagged === true)
    .map(([name]) => (CATEGORY.test(name) ? name : OTHER));
  const categories = [...new Set(names)].slice(0, CATEGORIES_MAX);
  return { flagged, ...(categories.length > 0 ? { categories } : {}) };
}
