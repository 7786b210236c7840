import { z } from 'zod';

import { feedbackGroups, type Feedback, type FeedbackGroup } from '../../domain/feedback.ts';
import { isoTime } from '../../domain/wire.ts';
import type { SummedFeedback } from '../feedback/read-feedback.ts';
import { time } from './fields.ts';

export const feedbackSchema = z
  .object({
    object: z.literal('feedback'),
    id: z.string(),
    job_id: z.string(),
    pipeline: z.string(),
    version: z.int(),
    step: z.string().nullable().meta({ description: 'Null for the whole job' }),
    score: z.number().nullable(),
    label: z.string().nullable(),
    comment: z
      .string()
      .nullable()
      .meta({ description: 'Null without one, and once the job’s payloads are erased' }),
    user: z.string().nullable(),
    models: z.array(z.string()).meta({ description: 'What answered in what is judged' }),
    prompts: z.array(z.string()).meta({
      description: 'What it was asked with: each step and a hash of its prompt',
    }),
    created_at: time,
    created_by: z.string().meta({ description: 'The API key, by its id' }),
  })
  .meta({ id: 'Feedback' });

export function feedbackView(feedback: Feedback): z.infer<typeof feedbackSchema> {
  const { id, jobId, pipeline, version, step, score, label, comment, user } = feedback;
  const { models, prompts, by, atMs } = feedback;
  return {
    object: 'feedback',
    id,
    job_id: jobId,
    pipeline,
    version,
    step,
    score,
    label,
    comment,
    user,
    models: [...models],
    prompts: [...prompts],
    created_at: isoTime(atMs),
    created_by: by,
  };
}

export const feedbackSummarySchema = z
  .object({
    object: z.literal('feedback_summary'),
    group_by: z.enum(feedbackGroups),
    from: time,
    to: time,
    data: z.array(
      z.object({
        pipeline: z.string().nullable().meta({ description: 'Null where groups span pipelines' }),
        group: z.string(),
        count: z.int(),
        score: z.object({
          count: z.int(),
          mean: z.number().nullable(),
          min: z.number().nullable(),
          max: z.number().nullable(),
        }),
        comments: z.int(),
        labels: z.record(z.string(), z.int()),
      }),
    ),
    has_more: z.boolean().meta({ description: 'True when there are more groups than are shown' }),
  })
  .meta({ id: 'FeedbackSummary' });

export function feedbackSummaryView(
  groupBy: FeedbackGroup,
  { sums, fromMs, toMs, hasMore }: SummedFeedback,
): z.infer<typeof feedbackSummarySchema> {
  return {
    object: 'feedback_summary',
    group_by: groupBy,
    from: isoTime(fromMs),
    to: isoTime(toMs),
    data: sums.map((sum) => ({
      pipeline: sum.pipeline,
      group: sum.group,
      count: sum.count,
      score: { count: sum.scores, mean: sum.meanScore, min: sum.minScore, max: sum.maxScore },
      comments: sum.comments,
      labels: Object.fromEntries(sum.labels),
    })),
    has_more: hasMore,
  };
}
