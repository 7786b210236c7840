import { z } from 'zod';

import { budgetDeclineReasons } from '../../../domain/budget.ts';
import { failureClasses } from '../../../domain/job/failure.ts';
import { declineReasons } from '../../../domain/model/target-gate.ts';
import { anyJson, time } from '../fields.ts';

/** How the API shows an attempt. */

export const failureSchema = z
  .looseObject({
    class: z.enum(failureClasses),
    phase: z.enum(['not_sent', 'rejected', 'accepted', 'unknown', 'finished']),
    message: z.string(),
  })
  .meta({ id: 'Failure' });

export const targetSchema = z
  .object({ provider: z.string(), model: z.string() })
  .meta({ id: 'Target' });

export const attemptSchema = z
  .looseObject({
    attempt: z.int(),
    target: z.union([targetSchema, z.null()]),
    hedge_of: z.int().optional().meta({
      description: 'The attempt beside which this one was made, because that one took long',
    }),
    outcome: z.enum([
      'running',
      'succeeded',
      'failed',
      'lost',
      'superseded',
      'declined',
      'abandoned',
    ]),
    started_at: time,
    finished_at: time.nullable(),
    deadline_at: time.optional(),
    failure: failureSchema.nullable(),
    declined: z
      .object({
        reason: z.enum([...declineReasons, ...budgetDeclineReasons]),
        budget: z
          .string()
          .optional()
          .meta({ description: 'The budget that had no room for the call' }),
        until: time.meta({ description: 'Asking again before this was in vain' }),
        times: z.int().meta({ description: 'Attempts in a row that this one stands for' }),
      })
      .optional()
      .meta({ description: 'Why the target was not called' }),
    child: z.string().nullable().meta({ description: 'The job that does the work' }),
    provider_job_id: z
      .string()
      .nullable()
      .meta({ description: 'The provider’s name for work that goes on by itself' }),
    provider_said: anyJson,
    latency_ms: z.int().optional(),
    cost_nano_usd: z.int().nullable().optional(),
    price_version: z.string().optional().meta({
      description:
        'The table that the cost comes from: `project/<price>`, `reported` by the provider, `own/<day>`, `genai-prices/<version>`, `builtin`, or `not_charged`',
    }),
    usage: z.record(z.string(), z.int()).optional(),
    returned_model: z.string().optional(),
    finish_reason: z.string().optional(),
    cache_hit: z
      .boolean()
      .optional()
      .meta({ description: 'The result of an identical call was taken over' }),
    cached_at: time.optional().meta({ description: 'When that call’s result was recorded' }),
    saved_nano_usd: z
      .int()
      .nullable()
      .optional()
      .meta({ description: 'What that call cost; null when it is not known' }),
    time_to_first_token_ms: z
      .int()
      .optional()
      .meta({ description: 'To the first piece of a streamed text' }),
    moderated: z
      .object({ flagged: z.boolean(), categories: z.array(z.string()).optional() })
      .optional()
      .meta({
        description: 'What a moderation has found, with the categories that it has flagged',
      }),
    dropped: z
      .array(z.string())
      .optional()
      .meta({ description: 'What the target was not told, because it cannot be' }),
  })
  .meta({ id: 'Attempt' });
export type AttemptView = z.infer<typeof attemptSchema>;
