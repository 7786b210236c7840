import { z } from 'zod';

import { pricedExecutions, type ProjectPrice } from '../../domain/model/price.ts';
import { isoTime } from '../../domain/wire.ts';
import { unitPricesSchema } from '../prices/price-input.ts';
import { time } from './fields.ts';

export const priceSchema = z
  .object({
    object: z.literal('price'),
    id: z.string().meta({
      description: 'An attempt that was priced by it has the `price_version` `project/<id>`',
    }),
    provider: z.string(),
    model: z.string(),
    execution: z.enum(pricedExecutions),
    prices: unitPricesSchema,
    effective_from: time,
    effective_to: time.nullable().meta({ description: 'Null for no end' }),
    created_at: time,
    created_by: z.string(),
  })
  .meta({ id: 'Price' });

export function priceView(price: ProjectPrice): z.infer<typeof priceSchema> {
  const { id, provider, model, execution, prices, createdBy } = price;
  const { effectiveFromMs, effectiveToMs, createdAtMs } = price;
  return {
    object: 'price',
    id,
    provider,
    model,
    execution,
    prices,
    effective_from: isoTime(effectiveFromMs),
    effective_to: effectiveToMs === null ? null : isoTime(effectiveToMs),
    created_at: isoTime(createdAtMs),
    created_by: createdBy,
  };
}
