import { z } from 'zod';

import { budgetSchema } from './budget-view.ts';

const usd = z.string().nullable().meta({ example: '0.001200000' });

/** What budgets would make of a call, the mildest first. */
export const budgetForecasts = ['fits', 'cheaper', 'waits', 'unpriced', 'rejected'] as const;

const forecast = z.enum(budgetForecasts).nullable().meta({
  description:
    '`fits`: there is room; `cheaper`: another target of the route is asked, because there is no room for those before it or they have no price; `waits`: for room; `unpriced`, `rejected`: it fails. Null where it is not known, and where nothing would be paid',
});

export const stepBudgetSchema = z
  .object({
    forecast,
    target_index: z.int().nullable().meta({ description: 'The target that would be asked' }),
    budget: z.string().nullable().meta({
      description:
        'The budget that decides so, `job` for the pipeline’s own limit; null where there is room, and without the scope `budgets:read`',
    }),
  })
  .meta({
    id: 'ForecastStepBudget',
    description:
      'What budgets would make of the step’s first call at this moment, of a map that of its first item',
  });

export const budgetsForecastSchema = z
  .object({
    forecast: forecast.meta({
      description: 'The hardest of its steps, of its children, and of the door',
    }),
    refused_at_door: z.boolean().nullable().meta({
      description:
        'Whether a submit would be answered with 402 `budget_exceeded`; null where that is not known, and for children, which pass no door',
    }),
    counted: z.array(budgetSchema).nullable().meta({
      description:
        'The budgets that count its calls. Null without the scope `budgets:read`, and where they cannot be read',
    }),
    job: z.object({
      max_cost_usd: usd.meta({
        description: 'The least limit of the pipeline and of those above it; null without any',
      }),
      bounds_usd: usd.meta({
        description:
          'One call for each step and item, each at the most that it may cost at the dearest target. Null when a part of it is not known',
      }),
      fits: z.boolean().nullable().meta({
        description: 'Whether all of that fits; null without a limit, or where it is not known',
      }),
    }),
  })
  .meta({
    id: 'ForecastBudgets',
    description: 'What budgets would make of the job at this moment. Nothing is reserved',
  });

export type StepBudgetExplanation = z.infer<typeof stepBudgetSchema>;
export type BudgetsExplanation = z.infer<typeof budgetsForecastSchema>;
