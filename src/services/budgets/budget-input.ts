import { z } from 'zod';

import { budgetPeriods, onExceeds, type BudgetScope } from '../../domain/budget.ts';
import type { NanoUsd } from '../../domain/money.ts';

/** Sums of nano-dollars are exact up to nine million dollars. */
const LIMIT_USD_MAX = 1_000_000;
const NANO = 1_000_000_000;

const limit = z
  .union([
    z.number().positive('must be more than 0').max(LIMIT_USD_MAX),
    z
      .string()
      .regex(/^\d{1,7}(?:\.\d{1,9})?$/, 'must be dollars as decimal text, like "25.50"')
      .refine((text) => Number(text) > 0, 'must be more than 0')
      .refine((text) => Number(text) <= LIMIT_USD_MAX, `must be at most ${LIMIT_USD_MAX}`),
  ])
  .refine((usd) => nanoUsdOf(usd) > 0, 'must be at least 0.000000001')
  .meta({ description: 'US dollars, as a number or as decimal text', example: 25.5 });

const name = z.string().min(1).max(100);
const onExceed = z.enum(onExceeds).meta({
  description:
    'Of a call that does not fit: `reject` fails its step, `queue` lets it wait for the period’s end or for room, `cheaper` asks the next target of the route whose call fits',
});
const hard = z.boolean().meta({
  description: 'False for a budget that counts and warns, and refuses nothing',
});
const warnAt = z
  .array(z.number().gt(0, 'must be more than 0').max(1, 'must be at most 1'))
  .max(10)
  .refine((shares) => new Set(shares).size === shares.length, 'names a share twice')
  .transform((shares) => shares.toSorted((left, right) => left - right))
  .meta({ description: 'Shares of the limit; each is told of once a period', example: [0.5, 0.8] });

const scope = z
  .strictObject({
    pipeline: z.string().min(1).max(64).optional(),
    api_key: z.string().min(1).max(64).optional(),
    tag: z.string().min(1).max(128).optional(),
  })
  .refine(
    (scopes) => Object.values(scopes).filter((value) => value !== undefined).length <= 1,
    'names several; a budget counts the calls of one pipeline, one key or one tag, or of the whole project',
  )
  .meta({
    description: 'What is counted: a pipeline, an API key or a tag; the whole project, if absent',
  });

export const budgetInputSchema = z.strictObject({
  name,
  scope: scope.optional(),
  period: z.enum(budgetPeriods).meta({ description: 'Calendar days and months in UTC' }),
  limit_usd: limit,
  hard: hard.default(true),
  on_exceed: onExceed.default('reject'),
  warn_at: warnAt.default([0.5, 0.8]),
});
export type BudgetInput = z.infer<typeof budgetInputSchema>;

export const budgetChangeSchema = z
  .strictObject({
    name: name.optional(),
    limit_usd: limit.optional(),
    hard: hard.optional(),
    on_exceed: onExceed.optional(),
    warn_at: warnAt.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'names nothing to change');
export type BudgetChange = z.infer<typeof budgetChangeSchema>;

export function nanoUsdOf(usd: number | string): NanoUsd {
  if (typeof usd === 'number') return Math.round(usd * NANO);
  const [whole = '0', places = ''] = usd.split('.');
  return Number(whole) * NANO + Number(places.padEnd(9, '0'));
}

export function scopeOf(asked: BudgetInput['scope']): BudgetScope {
  if (asked?.pipeline !== undefined) return { kind: 'pipeline', value: asked.pipeline };
  if (asked?.api_key !== undefined) return { kind: 'api_key', value: asked.api_key };
  if (asked?.tag !== undefined) return { kind: 'tag', value: asked.tag };
  return { kind: 'project', value: '' };
}
