import { z } from 'zod';

import { time } from './fields.ts';

export const pipelineSchema = z
  .object({
    object: z.literal('pipeline_version'),
    name: z.string(),
    version: z.int(),
    hash: z.string(),
    created_at: time,
    created_by: z.string(),
  })
  .meta({ id: 'PipelineVersion' });
export type PipelineView = z.infer<typeof pipelineSchema>;
