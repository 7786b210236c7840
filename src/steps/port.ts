import type { z } from 'zod';

import type { Outcome } from '../domain/job/failure.ts';
import type { Json } from '../domain/json.ts';

/**
 * A deterministic step: the same input gives the same output, byte for byte, on any machine.
 * It runs inside the Worker, costs nothing, and may be repeated at any time.
 */
export type TransformStep<Input extends z.ZodType = z.ZodType, Output extends Json = Json> = {
  /** Changes whenever the same input would give another output; stored with every attempt. */
  readonly version: number;
  /** What the step takes in `with`; strict, so that a misspelt field is an error. */
  readonly input: Input;
  run(input: z.output<Input>): Outcome<Output> | Promise<Outcome<Output>>;
};
