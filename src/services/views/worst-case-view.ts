import { z } from 'zod';

import type { WorstCase } from '../../engine/plan/worst-case.ts';

const ms = z.int().meta({ description: 'In milliseconds' });

export const worstCaseSchema = z
  .object({
    job_ms: ms,
    steps: z.record(z.string(), ms),
  })
  .meta({
    id: 'WorstCase',
    description:
      'How long the job and each of its steps may take when every attempt takes all its time and every pause is as long as it may be, bounded by the deadlines; maps with as many items as they may have',
  });

export function worstCaseView({ jobMs, steps }: WorstCase): z.infer<typeof worstCaseSchema> {
  return {
    job_ms: jobMs,
    steps: Object.fromEntries(steps.map(({ step, ms: stepMs }) => [step, stepMs])),
  };
}
