import { z } from 'zod';

import type { Outcome } from '../../domain/job/failure.ts';
import type { ImageCall } from '../../domain/model/model-call.ts';
import { defined } from './defined.ts';
import { fileField, mediaOf, namedIn } from './files.ts';
import type { ModelStep } from './port.ts';
import { wrongKind } from './port.ts';
import { replyFields } from './reply-fields.ts';

const SIZE = /^([1-9]\d{1,3})x([1-9]\d{1,3})$/;
const side = z.int().min(16).max(8_192);

const input = z.strictObject({
  prompt: z.string().min(1).max(32_000),
  /** How many images. */
  count: z.int().min(1).max(10).optional(),
  /** In pixels; the model's own size if absent. */
  size: z
    .union(
      [
        z.string().regex(SIZE, 'must be width x height in pixels: 1024x1024'),
        z.strictObject({ width: side, height: side }),
      ],
      { error: 'must be width x height in pixels: "1024x1024", or { "width": …, "height": … }' },
    )
    .optional(),
  format: z.enum(['png', 'jpeg', 'webp']).optional(),
  quality: z.enum(['low', 'medium', 'high']).optional(),
  seed: z.int().optional(),
  negative_prompt: z.string().min(1).max(32_000).optional(),
  /** Images to start from. */
  images: z.array(fileField).min(1).max(16).optional(),
});

/** Makes images of a description. What the model makes is kept as files of the job. */
export const modelImage: ModelStep<typeof input> = {
  input,
  files: ({ images }) => namedIn(images, ['images'], 'image'),
  call({ prompt, count, size, negative_prompt: negativePrompt, images, ...rest }, setting) {
    return {
      ok: true,
      value: {
        kind: 'image',
        model: setting.model,
        prompt,
        count: count ?? 1,
        ...defined({
          ...rest,
          size: sizeOf(size),
          negativePrompt,
          images: images?.map((id) => mediaOf(setting.media, id)),
        }),
      },
    };
  },
  output(reply, _setting, kept) {
    const { result } = reply;
    if (result.kind !== 'image') return wrongKind('image');
    if (kept.length === 0) return noImage();
    const images = kept.map((file, index) => {
      const revised = result.images[index]?.revisedPrompt;
      return { ...file, ...defined({ revised_prompt: revised }) };
    });
    return { ok: true, value: { images, ...replyFields(reply) } };
  },
};

function noImage(): Outcome<never> {
  const message = 'the provider says that it is done, and has made no image';
  return { ok: false, failure: { class: 'output_invalid', phase: 'finished', message } };
}

function sizeOf(size: z.output<typeof input>['size']): ImageCall['size'] {
  if (typeof size !== 'string') return size;
  const [, width, height] = SIZE.exec(size) ?? [];
  return { width: Number(width), height: Number(height) };
}
