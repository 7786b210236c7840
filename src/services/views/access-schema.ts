import { z } from 'zod';

import { scopes } from '../../domain/access.ts';
import { time } from './fields.ts';

export const projectSchema = z
  .object({
    object: z.literal('project'),
    id: z.string(),
    name: z.string(),
    max_concurrent_jobs: z.int().nullable().meta({
      description: 'The most jobs under way at once; null for the deployment’s own limit',
    }),
    created_at: time,
  })
  .meta({ id: 'Project' });

export const apiKeySchema = z
  .object({
    object: z.literal('api_key'),
    id: z.string(),
    project: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(scopes)),
    created_at: time,
  })
  .meta({ id: 'ApiKey' });
