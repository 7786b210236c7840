import { z } from 'zod';

import { cache } from '../cache.ts';
import {
  check,
  DAY,
  duration,
  expression,
  json,
  jsonObject,
  longTimeout,
  prompt,
  retry,
  SECOND,
} from './definition-parts.ts';
import { route } from './definition-route.ts';
import { CONCURRENCY_MAX, priorities } from '../job/flow.ts';
import { stepKinds } from './step-kinds.ts';

export type { AssetCheck, PromptDefinition } from './definition-parts.ts';
export type {
  ParametersDefinition,
  RouteDefinition,
  TargetDefinition,
} from './definition-route.ts';

/**
 * A pipeline's definition as users write it and as it is stored: data, snake_case, strict. This file says what
 * is well-formed; what must hold between the parts (references, cycles, kinds) is checked in `engine/plan/references.ts`
 * and `services/check-definition.ts`.
 */

/** Bounds that keep one definition, and one job of it, inside what a shard's row can hold. */
export const DEFINITION_BYTES_MAX = 256 * 1024;
const STEPS_MAX = 100;
export const INPUT_BYTES_MAX = 8 * 1024 * 1024;
export const INPUT_BYTES_DEFAULT = 1024 * 1024;
const MAP_CONCURRENCY_MAX = 256;
export const MAP_CONCURRENCY_DEFAULT = 16;

export const PIPELINE_NAME = /^[a-z][a-z0-9-]{0,62}$/;
const STEP_ID = /^[a-z][a-z0-9_]{0,62}$/;

const step = z.strictObject({
  id: z
    .string()
    .regex(
      STEP_ID,
      'must be lower-case letters, digits and _, begin with a letter, at most 63 characters',
    )
    .meta({ description: 'The step’s name in expressions and in answers.' }),
  uses: z
    .enum(stepKinds, {
      error: (issue) =>
        `${JSON.stringify(issue.input)} is not a step kind; there are ${stepKinds.join(', ')}`,
    })
    .meta({ description: 'What the step does.' }),
  needs: z.array(z.string()).max(STEPS_MAX).optional().meta({
    description: 'Steps that must have ended before, beside those that the expressions read.',
    default: [],
  }),
  if: expression
    .optional()
    .meta({ description: 'The step runs if this is true and is skipped if it is false.' }),
  for_each: expression.optional().meta({
    description:
      'A list: the step runs once for every item, and its output is the list of outputs.',
  }),
  max_concurrency: z.int().min(1).max(MAP_CONCURRENCY_MAX).optional().meta({
    description: 'How many items are worked on at a time.',
    default: MAP_CONCURRENCY_DEFAULT,
  }),
  with: z
    .record(z.string(), json)
    .optional()
    .meta({ description: 'The step’s input; strings in it may hold `${{ … }}`.', default: {} }),
  route: z
    .union([z.string().min(1), route])
    .optional()
    .meta({
      description:
        'The models to ask: a name from `routes`, or a route itself. Required for `model.*` steps.',
    }),
  prompt: prompt
    .optional()
    .meta({ description: 'What `model.chat` asks, as templates over `with.vars`.' }),
  check: check.optional().meta({
    description:
      'What must hold of the output; an output that fails it is a failure of the class `output_invalid`.',
  }),
  cache: cache.optional().meta({
    description:
      'Whether results of identical calls of the project are taken over instead of paid for again. Only for `model.*` steps, without `model.image`.',
  }),
  stream: z.boolean().optional().meta({
    description:
      'Whether those who listen to the job are told a chat’s text while it comes. Only for `model.chat`; as the job was submitted, if absent.',
  }),
  on_item_failure: z.enum(['fail', 'continue']).optional().meta({
    description: 'What one failed item does to its map: fail it, or leave a null in the list.',
    default: 'fail',
  }),
  on_failure: z
    .union(
      [
        z.enum(['fail', 'continue']),
        z.strictObject({
          step: z.string().min(1).meta({ description: 'The step that runs instead.' }),
        }),
      ],
      {
        error: 'must be fail, continue, or { "step": "<id>" }',
      },
    )
    .optional()
    .meta({
      description:
        'What this step’s failure does to the job: fail it, let it go on without the output, or run another step whose output stands in.',
      default: 'fail',
    }),
  timeouts: z
    .strictObject({
      attempt: longTimeout.optional().meta({
        description:
          'How long one attempt may take, 10m at most unless a target works in the background or in a batch; 60s for a model, 1h in the background, 25h in a batch, 30s for other steps, if absent.',
      }),
      step: longTimeout.optional().meta({
        description:
          'How long the step may take with all its attempts and pauses; as long as the job, if absent.',
      }),
    })
    .optional()
    .meta({ description: 'How long the step may take.' }),
  on_unknown: z.enum(['retry', 'fail', 'fallback']).optional().meta({
    description:
      'What follows a call of which nobody knows whether the provider took it, and which the provider cannot be asked about: the call again, the end of the step, or the next target. `retry` and `fallback` may pay twice.',
    default: 'retry',
  }),
  retry: retry
    .optional()
    .meta({ description: 'How often, and after which pauses, a failed attempt is repeated.' }),
});
export type StepDefinition = z.infer<typeof step>;

const retentionTime = duration(60 * SECOND, 365 * DAY, '1m and 365d');

export const definitionSchema = z.strictObject({
  name: z
    .string()
    .regex(
      PIPELINE_NAME,
      'must be lower-case letters, digits and -, begin with a letter, at most 63 characters',
    )
    .meta({ description: 'The pipeline’s name; may be left out where the path says it.' }),
  description: z
    .string()
    .max(2_000)
    .optional()
    .meta({ description: 'For people; it changes nothing.' }),
  input: z
    .strictObject({
      schema: jsonObject.optional().meta({
        description:
          'The JSON Schema of what may enter: 2020-12, or draft-07 by `$schema`. Anything may, if absent.',
      }),
      max_bytes: z.int().min(1).max(INPUT_BYTES_MAX).optional().meta({
        description: 'The largest input, in bytes of JSON.',
        default: INPUT_BYTES_DEFAULT,
      }),
    })
    .optional()
    .meta({ description: 'The contract of what may enter.' }),
  timeouts: z
    .strictObject({
      job: longTimeout.optional().meta({
        description: 'How long a job may take, from its submit to its end.',
        default: '1h',
      }),
      queue: longTimeout.optional().meta({
        description:
          'How long a job may wait for its start before it expires; as long as it may take, if absent.',
      }),
    })
    .optional()
    .meta({ description: 'How long a job may take and wait.' }),
  concurrency: z
    .strictObject({
      key: expression.optional().meta({
        description:
          'What jobs are counted by, over `input` and `metadata`; all jobs of the pipeline together, if absent.',
      }),
      limit: z
        .int()
        .min(1)
        .max(CONCURRENCY_MAX)
        .meta({ description: 'How many of them may run at a time.' }),
    })
    .optional()
    .meta({ description: 'How many jobs may run at a time; the others wait for their start.' }),
  budget: z
    .strictObject({
      max_cost_usd: z.number().positive('must be more than 0').max(1_000_000).meta({
        description:
          'The most that one job may cost, in US dollars. A call that may cost more than is left is not made: its step fails.',
      }),
    })
    .optional()
    .meta({ description: 'What one job may cost.' }),
  priority: z
    .enum(priorities)
    .optional()
    .meta({ description: 'Which of the project’s waiting jobs start first.', default: 'normal' }),
  routes: z
    .record(z.string().regex(STEP_ID), route)
    .optional()
    .meta({ description: 'Routes that several steps use, by name.' }),
  steps: z
    .array(step)
    .min(1, 'must have at least one step')
    .max(STEPS_MAX)
    .meta({ description: 'What is done; independent steps run side by side.' }),
  output: json.optional().meta({
    description: 'What the job answers with; strings in it may hold `${{ … }}`. Null, if absent.',
  }),
  retention: z
    .strictObject({
      payloads: retentionTime.optional().meta({
        description: 'How long inputs and outputs stay after the end of a job.',
        default: '7d',
      }),
      history: retentionTime.optional().meta({
        description: 'How long the job itself stays; never shorter than its payloads.',
        default: '90d',
      }),
    })
    .optional()
    .meta({ description: 'How long what belongs to a job is kept.' }),
});
export type Definition = z.infer<typeof definitionSchema>;

/** What holds where a definition is silent. */
export const DEFAULTS = {
  jobTimeoutMs: 3_600_000,
  retentionPayloadsMs: 7 * DAY,
  retentionHistoryMs: 90 * DAY,
  retryMaxAttempts: 3,
  retryBaseDelayMs: 1_000,
  retryMaxDelayMs: 60_000,
} as const;
