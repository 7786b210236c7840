import { z } from 'zod';

/** What `GET /v1/jobs/{id}?compare=true` says of a rerun beside the job it runs again. */

const costs = z
  .object({
    before_nano_usd: z.int(),
    after_nano_usd: z.int(),
    difference_nano_usd: z.int().meta({ description: 'Negative when the rerun was cheaper' }),
  })
  .meta({ description: 'What is known of the costs; steps that were taken over cost nothing' });

const latencies = z
  .object({
    before_ms: z.int().nullable(),
    after_ms: z.int().nullable(),
    difference_ms: z.int().nullable(),
  })
  .meta({ description: 'From start to finish; null where there was no start or is no finish' });

const outputs = z
  .object({
    equal: z.boolean(),
    differences: z
      .array(z.object({ pointer: z.string(), kind: z.enum(['added', 'removed', 'changed']) }))
      .meta({ description: 'Where the outputs differ: at most 100 places, without values' }),
  })
  .nullable()
  .meta({ description: 'Null while a job is not over, and once its payloads are erased' });

const comparedStep = z.object({
  id: z.string(),
  status: z
    .object({ before: z.string().nullable(), after: z.string().nullable() })
    .meta({ description: 'Null where the version has no such step' }),
  reused: z.boolean(),
  cost: costs,
  latency: latencies,
  output_equal: z
    .boolean()
    .nullable()
    .meta({ description: 'By SHA-256; null where one is not known, as of a map’s output' }),
});

export const comparisonSchema = z
  .object({
    with: z.string().meta({ description: 'The job that this one runs again' }),
    note: z.string().nullable().meta({ description: 'What cannot be compared, and why' }),
    output: outputs,
    cost: costs.nullable(),
    latency: latencies.nullable(),
    steps: z.array(comparedStep),
  })
  .meta({ id: 'Comparison' });
export type ComparisonView = z.infer<typeof comparisonSchema>;
