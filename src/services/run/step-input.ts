import type { z } from 'zod';

import type { Outcome } from '../../domain/job/failure.ts';
import type { Json } from '../../domain/json.ts';
import { violationsOf } from '../../domain/violations.ts';
import { describe } from '../values/check-value.ts';

/** Parses a step's filled-in `with`; a failure names every field that does not fit. */
export function parseStepInput<Input extends z.ZodType>(
  schema: Input,
  input: Json,
): Outcome<z.output<Input>> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return { ok: true, value: parsed.data };
  const violations = violationsOf(parsed.error, ['with']);
  const message = `the step's input does not fit: ${violations.slice(0, 5).map(describe).join('; ')}`;
  return {
    ok: false,
    failure: { class: 'step_input_invalid', phase: 'not_sent', message, violations },
  };
}
