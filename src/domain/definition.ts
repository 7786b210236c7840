import { z } from 'zod';

import { DURATION_HELP, parseDurationMs } from './duration.ts';
import { failureClasses } from './failure.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { stepKinds } from './step-kinds.ts';

/**
 * A pipeline's definition as users write it and as it is stored: data, snake_case, strict. This file says what
 * is well-formed; what must hold between the parts (references, cycles, kinds) is checked in `engine/check.ts`
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

const json: z.ZodType<Json> = z.json();
const jsonObject = z.custom<JsonObject>(
  (value) => isJsonObject(value) && json.safeParse(value).success,
  'must be a JSON object',
);

function duration(minMs: number, maxMs: number, range: string) {
  return z
    .string({ error: `must be ${DURATION_HELP}` })
    .refine((text) => parseDurationMs(text) !== null, {
      error: `must be ${DURATION_HELP}`,
      abort: true,
    })
    .refine(
      (text) => {
        const ms = parseDurationMs(text) ?? 0;
        return ms >= minMs && ms <= maxMs;
      },
      { error: `must be between ${range}` },
    );
}

const SECOND = 1_000;
const DAY = 86_400_000;
const attemptTimeout = duration(100, 600 * SECOND, '100ms and 10m');
export const longTimeout = duration(100, 30 * DAY, '100ms and 30d');

const expression = z
  .string()
  .max(2_000, 'must be at most 2,000 characters')
  .regex(/^\s*\$\{\{[\s\S]*\}\}\s*$/, 'must be one expression: "${{ … }}"');

const parameters = z.strictObject({
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  max_output_tokens: z.int().min(1).max(1_000_000).optional(),
  seed: z.int().optional(),
  stop: z.array(z.string().min(1).max(100)).max(4).optional(),
  reasoning_effort: z.enum(['minimal', 'low', 'medium', 'high']).optional(),
});
export type ParametersDefinition = z.infer<typeof parameters>;

const target = z.strictObject({
  provider: z.string().min(1).max(64),
  model: z.string().min(1).max(200),
  parameters: parameters.optional(),
});
export type TargetDefinition = z.infer<typeof target>;

const route = z.strictObject({
  strategy: z
    .strictObject({
      mode: z.enum(['single', 'fallback']),
      /** Failures that move on to the next target; everything that may be retried elsewhere, if absent. */
      on: z.array(z.enum(failureClasses)).min(1).optional(),
    })
    .optional(),
  targets: z.array(target).min(1).max(10),
});
export type RouteDefinition = z.infer<typeof route>;

const prompt = z.strictObject({
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['system', 'user', 'assistant']),
        content: z.string().max(100_000),
      }),
    )
    .min(1)
    .max(50),
});
export type PromptDefinition = z.infer<typeof prompt>;

const check = z.strictObject({
  schema: jsonObject,
  re_ask: z.int().min(0).max(3).optional(),
});

const retry = z.strictObject({
  max_attempts: z.int().min(1).max(20).optional(),
  base_delay: duration(1, 600 * SECOND, '1ms and 10m').optional(),
  max_delay: duration(1, 3_600 * SECOND, '1ms and 1h').optional(),
});

const step = z.strictObject({
  id: z
    .string()
    .regex(
      STEP_ID,
      'must be lower-case letters, digits and _, begin with a letter, at most 63 characters',
    ),
  uses: z.enum(stepKinds, {
    error: (issue) =>
      `${JSON.stringify(issue.input)} is not a step kind; there are ${stepKinds.join(', ')}`,
  }),
  needs: z.array(z.string()).max(STEPS_MAX).optional(),
  if: expression.optional(),
  for_each: expression.optional(),
  max_concurrency: z.int().min(1).max(MAP_CONCURRENCY_MAX).optional(),
  with: z.record(z.string(), json).optional(),
  route: z.union([z.string().min(1), route]).optional(),
  prompt: prompt.optional(),
  check: check.optional(),
  on_item_failure: z.enum(['fail', 'continue']).optional(),
  on_failure: z
    .union([z.enum(['fail', 'continue']), z.strictObject({ step: z.string().min(1) })], {
      error: 'must be fail, continue, or { "step": "<id>" }',
    })
    .optional(),
  timeouts: z
    .strictObject({ attempt: attemptTimeout.optional(), step: longTimeout.optional() })
    .optional(),
  retry: retry.optional(),
});
export type StepDefinition = z.infer<typeof step>;

const retentionTime = duration(60 * SECOND, 365 * DAY, '1m and 365d');

export const definitionSchema = z.strictObject({
  name: z
    .string()
    .regex(
      PIPELINE_NAME,
      'must be lower-case letters, digits and -, begin with a letter, at most 63 characters',
    ),
  description: z.string().max(2_000).optional(),
  input: z
    .strictObject({
      schema: jsonObject.optional(),
      max_bytes: z.int().min(1).max(INPUT_BYTES_MAX).optional(),
    })
    .optional(),
  timeouts: z
    .strictObject({ job: longTimeout.optional(), queue: longTimeout.optional() })
    .optional(),
  routes: z.record(z.string().regex(STEP_ID), route).optional(),
  steps: z.array(step).min(1, 'must have at least one step').max(STEPS_MAX),
  output: json.optional(),
  retention: z
    .strictObject({ payloads: retentionTime.optional(), history: retentionTime.optional() })
    .optional(),
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
