import { z } from 'zod';

import { cacheModes } from '../../domain/cache.ts';
import { failureClasses } from '../../domain/job/failure.ts';
import { passedOver } from '../explain/routes/route-view.ts';
import { targetStates } from '../targets/target-state.ts';
import { runCodes } from '../explain/foresight/will-it-run.ts';
import { budgetsForecastSchema, stepBudgetSchema } from './explanation-budgets.ts';
import { anyJson } from './fields.ts';
import { violationSchema } from './problem-schema.ts';

const usd = z.string().nullable().meta({ example: '0.001200000' });

const tokensSchema = z
  .object({
    input_estimated: z.int().meta({
      description:
        'Of the text alone: four ASCII characters as one token, every other character as one',
    }),
    input_at_most: z.int().meta({ description: 'No more tokens than bytes of UTF-8' }),
    output_at_most: z
      .int()
      .nullable()
      .meta({ description: 'Null where nothing bounds the answer' }),
  })
  .meta({ id: 'ForecastTokens' });

const costSchema = z
  .object({
    estimated_usd: usd.meta({
      description:
        'One call, or one for each item, to the first target: with the estimated prompt and the longest answer. Null when a part of it is not known',
    }),
    at_most_usd: usd.meta({
      description:
        'With every attempt and every time the model may be asked again, at the dearest target that may be asked. Null when a part of it is not known',
    }),
    unknown: z.array(z.string()).meta({ description: 'Why a number is null' }),
  })
  .meta({ id: 'ForecastCost' });

const requestSchema = z
  .object({
    method: z.string(),
    path: z.string().meta({ description: 'Below the provider’s base URL' }),
    headers: z.record(z.string(), z.string()),
    body: anyJson,
  })
  .meta({
    id: 'ForecastRequest',
    description:
      'Of the target that would be asked first. Without credentials; files are their names',
  });

const targetSchema = z
  .object({
    provider: z.string(),
    model: z.string(),
    index: z.int().meta({ description: 'Its place among the models of the route' }),
    asked: z.boolean().meta({ description: 'False when it would be passed over at this moment' }),
    passed_over: z
      .object({ reason: z.enum(passedOver), message: z.string() })
      .nullable()
      .meta({ description: 'Why it would be passed over' }),
    state: z.enum(targetStates).meta({ description: 'As GET /v1/targets has it' }),
    compared_by: z
      .object({
        usd_per_million_tokens: usd.meta({
          description: 'Three tokens read to one written; null when the price is not known',
        }),
        price_source: z.enum(['project', 'list']).nullable(),
        latency_ms: z.int().nullable().meta({
          description:
            'Half of the calls of the last minutes took at most so long; null while too few were made, and the target keeps its place in the list',
        }),
      })
      .nullable()
      .meta({
        description:
          'What a `cheapest` or `fastest` route compares it by; null where a route compares nothing',
      }),
    dropped: z
      .array(z.string())
      .meta({ description: 'What it would not be told, because it cannot be' }),
    reserve_usd: usd.meta({
      description:
        'What room budgets would hold for one call, the most that it may cost: 0 inside the Worker, null where it has no known price or the call is not known',
    }),
    tokens: tokensSchema.nullable(),
    cost: costSchema.nullable(),
    price_version: z.string().nullable(),
    request: requestSchema.nullable().optional(),
  })
  .meta({ id: 'ForecastTarget' });

const hedgeSchema = z
  .object({
    after_ms: z.int().nullable().meta({
      description:
        'How long the first target may take before; null when no second one would be asked, because there is none or nothing is measured',
    }),
    target: z.object({ provider: z.string(), model: z.string() }).nullable(),
    at_most: z.int().meta({ description: 'In one run of the step, or of an item' }),
  })
  .meta({
    id: 'ForecastHedge',
    description: 'The second target that would be asked beside the first, were that one slow',
  });

const stepSchema = z
  .object({
    id: z.string(),
    uses: z.string(),
    runs: z
      .boolean()
      .nullable()
      .meta({ description: 'Whether it would run; null when only the run will know' }),
    because: z.object({
      code: z.enum(runCodes),
      message: z.string(),
      condition: anyJson.optional(),
    }),
    items: z.int().nullable().meta({ description: 'Of a map, as far as the list is known' }),
    unknown_input: z
      .string()
      .nullable()
      .meta({ description: 'Why it is not known what the step is given' }),
    error: z
      .object({ class: z.enum(failureClasses), message: z.string() })
      .nullable()
      .meta({ description: 'Why it would fail' }),
    attempts_at_most: z.int().meta({
      description:
        'Of the step, or of each item: retries, repeated questions, and second targets beside attempts that take long',
    }),
    targets: z
      .array(targetSchema)
      .meta({ description: 'In the order in which they would be asked' }),
    order: z
      .object({
        unknown: z.string().nullable().meta({ description: 'Why the order is not known' }),
        varies_by_job: z
          .boolean()
          .meta({ description: 'True where another job may ask in another order' }),
      })
      .nullable(),
    hedge: hedgeSchema.nullable(),
    prompt: anyJson.meta({
      description: 'The messages as the model would read them, of a map those for the first item',
    }),
    cache: z
      .object({
        mode: z.enum(cacheModes),
        hit: z.boolean().nullable().meta({
          description:
            'Whether the result of an identical call would be taken over, of a map for its first item; null when the cache does not answer',
        }),
        job_id: z.string().nullable().meta({ description: 'The job that has recorded it' }),
        recorded_at: z.iso.datetime().nullable(),
        saved_usd: usd.meta({ description: 'What it cost; null when that is not known' }),
      })
      .nullable()
      .meta({ description: 'Null for a step without a cache, and where its call is not known' }),
    budget: stepBudgetSchema.nullable(),
    child: z
      .lazy((): z.ZodType => explanationSchema)
      .nullable()
      .meta({
        description:
          'What the job would do that a `pipeline` step makes, an explanation like this one, of a map for its first item; null where that is not known, and beyond ten in one explanation',
      }),
    output_known: z.boolean(),
    output_value: anyJson.optional(),
    cost: costSchema.nullable(),
    worst_case_ms: z.int().meta({
      description:
        'All attempts up to their timeout and the longest pauses between them. What a provider or a limit asks to wait comes on top, up to the deadlines',
    }),
  })
  .meta({ id: 'ForecastStep' });

export const explanationSchema = z
  .object({
    object: z.literal('explanation'),
    pipeline: z.string(),
    version: z.int(),
    definition_hash: z.string(),
    accepted: z.boolean().meta({ description: 'Whether a submit of this input would be accepted' }),
    errors: z.array(violationSchema).meta({ description: 'What a submit would be refused for' }),
    steps: z.array(stepSchema),
    cost: costSchema,
    worst_case_ms: z.int().meta({ description: 'The longest way through the steps' }),
    queue_timeout_ms: z.int().meta({ description: 'A job that has not begun by then expires' }),
    job_timeout_ms: z.int(),
    budgets: budgetsForecastSchema,
  })
  .meta({ id: 'Explanation' });

export type ExplanationView = z.infer<typeof explanationSchema>;
export type StepExplanation = z.infer<typeof stepSchema>;
export type TargetExplanation = z.infer<typeof targetSchema>;
export type CostExplanation = z.infer<typeof costSchema>;
