import { z } from 'zod';

import { stopReasons } from '../../../domain/job/attempt.ts';
import { jobStatuses } from '../../../domain/job/job.ts';
import { waitingKinds } from '../../../domain/job/waiting.ts';
import { attemptSchema, failureSchema, targetSchema } from './attempt-schema.ts';
import { comparisonSchema } from './comparison-schema.ts';
import { anyJson, time } from '../fields.ts';
import { jobWebhookSchema } from '../webhook-view.ts';

/** How the API shows a job and its steps. */

const costSchema = z
  .object({
    nano_usd: z.int().meta({ description: 'What is known of the cost; 1 USD is 1,000,000,000' }),
    usd: z.string().meta({ description: 'The same in dollars, exactly', example: '0.001200000' }),
    unpriced_attempts: z.int().meta({ description: 'Attempts whose price is not known' }),
  })
  .meta({ id: 'Cost' });

const storedSchema = z.object({ bytes: z.int(), sha256: z.string() });

const stepSchema = z
  .object({
    id: z.string(),
    uses: z.string(),
    status: z.enum([
      'pending',
      'queued',
      'running',
      'waiting',
      'succeeded',
      'failed',
      'skipped',
      'cancelled',
    ]),
    queued_at: time.nullable(),
    started_at: time.nullable(),
    finished_at: time.nullable(),
    cost: costSchema,
    output: storedSchema.nullable(),
    output_value: anyJson.optional(),
    error: failureSchema.nullable(),
    stopped: z
      .enum(stopReasons)
      .nullable()
      .meta({ description: 'Why no further attempt followed' }),
    handled_by: z
      .string()
      .nullable()
      .meta({ description: 'The step that stands in for this one, which has failed' }),
    skipped: z.string().nullable().meta({ description: 'Why the step was skipped' }),
    reused: z
      .boolean()
      .meta({ description: 'True when the output was taken over from the job that is run again' }),
    next_attempt: z
      .object({
        attempt: z.int(),
        item: z.int().nullable(),
        not_before: time.meta({ description: 'The end of the pause before it' }),
      })
      .nullable()
      .meta({ description: 'The attempt that is due next; null while one is under way' }),
    waiting_for: z
      .object({ event: z.string().nullable(), until: time.nullable() })
      .nullable()
      .meta({ description: 'What a wait step waits for, and until when' }),
    items: z
      .object({
        total: z.int(),
        succeeded: z.int(),
        failed: z.int(),
        running: z.int(),
        backing_off: z.int(),
        not_started: z.int(),
      })
      .nullable(),
    route: z
      .array(
        z.object({
          target: targetSchema,
          attempt: z.int(),
          outcome: z.string().meta({ description: '`skipped`, or the outcome of the attempt' }),
          reason: z
            .string()
            .nullable()
            .meta({ description: 'Why the target was passed over, or the class of the failure' }),
        }),
      )
      .optional()
      .meta({ description: 'The targets that were asked or passed over, in order' }),
    attempts: z.array(attemptSchema),
  })
  .meta({ id: 'Step' });
export type StepView = z.infer<typeof stepSchema>;

const jobFields = {
  object: z.literal('job'),
  id: z.string(),
  status: z.enum(jobStatuses),
  terminal: z.boolean(),
  pipeline: z.string(),
  version: z.int(),
  created_at: time,
  started_at: time.nullable(),
  finished_at: time.nullable(),
  cost: costSchema,
  metadata: z.record(z.string(), z.string()),
  tags: z.array(z.string()),
  request_id: z.string(),
  trace_id: z.string(),
  urls: z.object({ self: z.string(), events: z.string(), cancel: z.string() }),
};

export const jobSchema = z
  .object({
    ...jobFields,
    status_reason: z.object({ code: z.string(), message: z.string() }).nullable(),
    deadline_at: time,
    queue_deadline_at: time,
    waiting_on: z
      .object({ kind: z.enum(waitingKinds), key: z.string().nullable(), until: time.nullable() })
      .nullable()
      .meta({ description: 'Why nothing moves; null while something does' }),
    output: anyJson,
    payloads_erased: z.boolean(),
    steps: z.array(stepSchema),
    input: storedSchema.extend({ value: anyJson.optional() }),
    definition_hash: z.string(),
    cancel_at: time.nullable().meta({ description: 'When the job is cancelled if it is not over' }),
    rerun_of: z
      .object({ job_id: z.string(), from_step: z.string().nullable() })
      .nullable()
      .meta({ description: 'The job that this one runs again' }),
    comparison: comparisonSchema.optional(),
    webhook: jobWebhookSchema,
    parent: z
      .object({
        job_id: z.string(),
        step: z.string(),
        item: z.int().nullable(),
        attempt: z.int(),
      })
      .nullable()
      .meta({ description: 'The attempt that waits for this job' }),
  })
  .meta({ id: 'Job' });
export type JobView = z.infer<typeof jobSchema>;

export const listedJobSchema = z
  .object({
    ...jobFields,
    status_reason: z.object({ code: z.string() }).nullable(),
    waiting_on: z
      .object({ kind: z.enum(waitingKinds), until: time.nullable() })
      .nullable()
      .meta({ description: 'What the job has waited for longer than 5 seconds; else null' }),
  })
  .meta({ id: 'ListedJob', description: 'A job as lists show it: a moment behind the job itself' });
export type ListedJobView = z.infer<typeof listedJobSchema>;
