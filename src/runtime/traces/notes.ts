import { z } from 'zod';

import { isJobId, type JobId } from '../../domain/ids.ts';

/**
 * What spans need of a job beside its history; travels with history, in deployments that export traces, and is not
 * stored. A STORED CONTRACT while messages wait: new fields are optional.
 */
export const traceNotes = z.object({
  /** The caller's span, if it named one. */
  parent_span_id: z.string().optional(),
  /** The step of another job that this one was made for; its attempts call no model and have no spans. */
  parent: z
    .object({
      job_id: z.custom<JobId>((value) => typeof value === 'string' && isJobId(value)),
      step: z.string(),
    })
    .optional(),
  /** Steps whose end is among the events. Times in milliseconds. */
  steps: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      failure_class: z.string().optional(),
      started_at: z.number(),
      finished_at: z.number(),
      items: z.number().optional(),
      cost_nano_usd: z.number(),
    }),
  ),
  /** What steps that events speak of do, by step: `model.chat`. */
  uses: z.record(z.string(), z.string()),
});
export type TraceNotes = z.infer<typeof traceNotes>;
