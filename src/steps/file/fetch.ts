import { z } from 'zod';

/** What one fetch may hold in memory: an isolate has 128 MB for everything. */
const FETCH_BYTES_MAX = 32 * 1024 * 1024;

/** The `with` of `file.fetch`. */
export const fetchInput = z.strictObject({
  url: z.string().min(1).max(2_048),
  max_bytes: z
    .int()
    .min(1)
    .max(FETCH_BYTES_MAX, `must be at most ${FETCH_BYTES_MAX}`)
    .default(FETCH_BYTES_MAX),
  accept: z
    .array(
      z
        .string()
        .regex(/^[a-z0-9][\w.+-]*\/(\*|[\w.+*-]+)$/, 'must be a type such as image/png or image/*'),
    )
    .min(1)
    .max(20)
    .optional(),
});
