import { z } from 'zod';

import { pricedExecutions, type PriceUnit } from '../../domain/model/price.ts';

const usd = z
  .string()
  .regex(/^\d{1,9}(?:\.\d{1,12})?$/, 'must be dollars as decimal text, like "2.50"')
  .optional();

const unitPrices = {
  million_input_tokens: usd.meta({
    description: 'Text that neither comes from nor goes to a cache',
  }),
  million_cache_read_tokens: usd,
  million_cache_write_tokens: usd.meta({ description: 'For a cache that lives for minutes' }),
  million_cache_write_hour_tokens: usd,
  million_audio_input_tokens: usd,
  million_image_input_tokens: usd,
  million_output_tokens: usd,
  million_reasoning_tokens: usd.meta({ description: 'The price of output, if absent' }),
  million_audio_output_tokens: usd,
  million_image_output_tokens: usd,
  image: usd.meta({ description: 'For each image made' }),
  audio_minute: usd,
  audio_hour: usd,
  compute_second: usd,
  search_unit: usd.meta({ description: 'For one, not for a thousand' }),
  million_characters: usd,
} satisfies Record<PriceUnit, z.ZodType<string | undefined>>;

/** Dollars by unit, as callers send them and as they are shown. */
export const unitPricesSchema = z
  .strictObject(unitPrices)
  .refine((prices) => Object.keys(prices).length > 0, 'name at least one unit')
  .refine(
    ({ audio_minute: minute, audio_hour: hour }) => minute === undefined || hour === undefined,
    { path: ['audio_hour'], message: 'sound has one price: by the minute or by the hour' },
  )
  .meta({
    id: 'UnitPrices',
    description:
      'US dollars as decimal text. What is not named has no price: a call that uses it has an unknown cost. "0" is a price.',
  });

const time = z.iso.datetime({ offset: true });

export const priceInputSchema = z.strictObject({
  provider: z.string().min(1).max(80).meta({ example: 'openai' }),
  model: z
    .string()
    .min(1)
    .max(200)
    .refine((name) => name.split('*').length <= 4, 'may have three stars at most')
    .meta({ description: 'A model’s name; `*` stands for any text', example: 'gpt-4o*' }),
  execution: z.enum(pricedExecutions).default('standard'),
  prices: unitPricesSchema,
  effective_from: time.optional().meta({ description: 'From now on, if absent' }),
  effective_to: time.nullish().meta({ description: 'Until before then; without end, if absent' }),
});

export type PriceInput = z.infer<typeof priceInputSchema>;
