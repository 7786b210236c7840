import { z } from 'zod';

export const violationSchema = z
  .object({
    pointer: z.string().meta({
      description:
        'JSON Pointer into the body; /headers/…, /path/… and /query/… for what is not in the body',
    }),
    code: z.string(),
    message: z.string(),
  })
  .meta({ id: 'Violation' });

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    errors: z.array(violationSchema),
    request_id: z.string(),
    retryable: z.boolean(),
    retry_after_ms: z.int().nullable(),
    budget: z
      .object({
        id: z.string(),
        limit_usd: z.string(),
        spent_usd: z.string(),
        reserved_usd: z.string(),
        resets_at: z.iso.datetime().nullable(),
      })
      .optional()
      .meta({ description: 'With `budget_exceeded`: the budget that leaves no room' }),
  })
  .meta({ id: 'Problem', description: 'An error, after RFC 9457' });

export type Problem = z.infer<typeof problemSchema>;
