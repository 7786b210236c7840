import { z } from 'zod';

import { DURATION, DURATION_HELP, parseDurationMs } from '../duration.ts';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';

/** What definitions are made of below their steps. `description` and `default` appear in the published schema. */

/** Any JSON value; strings in it may hold `${{ … }}` where a field says so. */
export const json: z.ZodType<Json> = z.json();
export const jsonObject = z
  .custom<JsonObject>(
    (value) => isJsonObject(value) && json.safeParse(value).success,
    'must be a JSON object',
  )
  .meta({ type: 'object' });

/** A duration within bounds; `range` says them in words. */
export function duration(minMs: number, maxMs: number, range: string) {
  return z
    .string({ error: `must be ${DURATION_HELP}` })
    .refine((text) => parseDurationMs(text) !== null, {
      error: `must be ${DURATION_HELP}`,
      abort: true,
    })
    .refine(
      (text) => {
        const ms = parseDurationMs(text) ?? 0;
        return ms >= minMs && ms <= maxMs;
      },
      { error: `must be between ${range}` },
    )
    .meta({ pattern: DURATION.source, $comment: range, examples: ['30s'] });
}

export const SECOND = 1_000;
export const DAY = 86_400_000;
/** The longest an attempt takes whose runner waits for the answer; longer ones go on at the provider by themselves. */
export const HELD_ATTEMPT_MAX_MS = 600 * SECOND;
export const longTimeout = duration(100, 30 * DAY, '100ms and 30d');

/** A string that is one expression and nothing else. */
export const expression = z
  .string()
  .max(2_000, 'must be at most 2,000 characters')
  .regex(/^\s*\$\{\{[\s\S]*\}\}\s*$/, 'must be one expression: "${{ … }}"');

export const prompt = z.strictObject({
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['system', 'user', 'assistant']).meta({ description: 'Who says it.' }),
        content: z.string().max(100_000).meta({ description: 'A Liquid template over `vars`.' }),
      }),
    )
    .min(1)
    .max(50)
    .meta({ description: 'The conversation that the model continues.' }),
});
export type PromptDefinition = z.infer<typeof prompt>;

const pixels = z.int().min(1).max(100_000).optional();
const fileBytes = z.int().min(1).max(100_000_000).optional();

const asset = z.strictObject({
  mime_types: z
    .array(z.string().regex(/^image\/[a-z0-9.+-]+$/, 'must be a type of images such as image/png'))
    .min(1)
    .max(10)
    .optional()
    .meta({ description: 'The types that an image may have, by its bytes.' }),
  min_bytes: fileBytes.meta({ description: 'The smallest image, in bytes.' }),
  max_bytes: fileBytes.meta({ description: 'The largest image, in bytes.' }),
  min_width: pixels.meta({ description: 'The narrowest image, in pixels.' }),
  max_width: pixels.meta({ description: 'The widest image, in pixels.' }),
  min_height: pixels.meta({ description: 'The lowest image, in pixels.' }),
  max_height: pixels.meta({ description: 'The highest image, in pixels.' }),
});
export type AssetCheck = z.infer<typeof asset>;

export const check = z
  .strictObject({
    schema: jsonObject.optional().meta({
      description:
        'The JSON Schema that the output must satisfy: 2020-12, or draft-07 by `$schema`.',
    }),
    re_ask: z.int().min(0).max(3).optional().meta({
      description: 'How often a chat model is shown its mistakes and asked again.',
      default: 0,
    }),
    asset: asset.optional().meta({
      description: 'What must hold of every image that a `model.image` step makes.',
    }),
  })
  .refine(({ schema, asset: images }) => schema !== undefined || images !== undefined, {
    error: 'must have `schema` or `asset`',
  })
  .meta({ minProperties: 1 });

export const retry = z.strictObject({
  max_attempts: z.int().min(1).max(20).optional().meta({
    description:
      'Attempts in all, the first one included; 3, or one a target if there are more, if absent.',
  }),
  base_delay: duration(1, 600 * SECOND, '1ms and 10m')
    .optional()
    .meta({
      description: 'The pause before the second attempt is at most this; it doubles with each one.',
      default: '1s',
    }),
  max_delay: duration(1, 3_600 * SECOND, '1ms and 1h')
    .optional()
    .meta({ description: 'No pause is longer, unless the provider asks for it.', default: '60s' }),
});
