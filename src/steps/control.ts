import { z } from 'zod';

import { DURATION_HELP, parseDurationMs } from '../domain/duration.ts';
import type { ControlKind } from '../domain/definition/step-kinds.ts';
import { EVENT_NAME } from '../domain/job/wait.ts';
import { jsonField } from './json-field.ts';

const WAITS = ['duration', 'until', 'event'] as const;

const waitInput = z
  .strictObject({
    duration: z
      .string()
      .refine((text) => parseDurationMs(text) !== null, { error: `must be ${DURATION_HELP}` })
      .optional(),
    until: z.iso
      .datetime({ offset: true, error: 'must be a time such as 2026-01-31T12:00:00Z' })
      .optional(),
    event: z
      .string()
      .regex(
        EVENT_NAME,
        'must be letters, digits, _, . and -, at most 128, and begin with a letter or digit',
      )
      .optional(),
  })
  .refine((input) => WAITS.filter((name) => input[name] !== undefined).length === 1, {
    error: `must have exactly one of ${WAITS.join(', ')}`,
  })
  .meta({ minProperties: 1, maxProperties: 1 });

const pipelineInput = z.strictObject({
  pipeline: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{0,62}(@[1-9]\d{0,8})?$/,
      'must be the name of a pipeline, or a name and a version: digest@3',
    ),
  input: jsonField.optional(),
});

/** The `with` of steps that the engine itself carries out, or that another job does. */
export const controlInputs = {
  wait: waitInput,
  pipeline: pipelineInput,
} as const satisfies Record<ControlKind, z.ZodType>;
