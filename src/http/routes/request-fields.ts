import { z } from '@hono/zod-openapi';

import { TAG_CHARACTERS, TAG_CHARACTERS_MAX } from '../../domain/job/tag.ts';

/** What requests of several kinds may carry. */

const METADATA_MAX = 50;

export const metadataField = z
  .record(z.string().min(1).max(64), z.string().max(500))
  .refine(
    (fields) => Object.keys(fields).length <= METADATA_MAX,
    `must have at most ${METADATA_MAX} fields`,
  );
const tag = z
  .string()
  .min(1)
  .max(TAG_CHARACTERS_MAX)
  .regex(TAG_CHARACTERS, 'must have no control characters');
export const tagsField = z.array(tag).max(20, 'must have at most 20 tags');

/** A number in a query, with one sentence for all that can be wrong with it. */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

export const limitField = wholeNumber(1, 100).default(20);

export const pageQuery = z.object({ after: z.string().max(80).optional(), limit: limitField });

export const timeField = z.iso.datetime({
  offset: true,
  message: 'must be a time such as 2026-01-31T12:00:00Z',
});

export const pipelineFilter = z
  .string()
  .regex(/^[^@]{1,80}(@\d{1,9})?$/, 'must be a name, or a name and a version: digest@3')
  .meta({ description: '`name`, or `name@3`' });
