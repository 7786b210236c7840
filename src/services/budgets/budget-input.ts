import { z } from 'zod';

import { budgetPeriods, onExceeds, type BudgetScope } from '../../domain/budget.ts';
import { TAG_CHARACTERS, TAG_CHARACTERS_MAX } from '../../domain/job/tag.ts';
import type { NanoUsd } from '../../domain/money.ts';

/** Sums of nano-dollars are exact up to nine million dollars. */
const LIMIT_USD_MAX = 1_000_000;
const NANO = 1_000_000_000;

const DOLLARS = 'US dollars, as a number or as decimal text such as "25.50"';

/** One sentence about what is wrong with a limit; null for what can be one. */
function wrongLimit(usd: number | string): string | null {
  if (typeof usd === 'string' && !/^\d+(?:\.\d+)?$/.test(usd)) return `must be ${DOLLARS}`;
  if (Number(usd) <= 0) return 'must be more than 0';
  if (Number(usd) > LIMIT_USD_MAX) return `must be at most ${LIMIT_USD_MAX}`;
  if (Number(usd) < 1 / NANO) return 'must be at least 0.000000001';
  const isWhole = typeof usd === 'number' ? hasNinePlaces(usd) : !/\.\d{10}/.test(usd);
  return isWhole ? null : 'must have at most nine places after the point';
}

/** What sums of doubles are off by does not count: 0.1 + 0.2 is 0.3. */
function hasNinePlaces(usd: number): boolean {
  const dustUsd = Math.max(1e-12, usd * 4 * Number.EPSILON);
  return Math.abs(nanoUsdOf(usd) / NANO - usd) <= dustUsd;
}

const limit = z
  .union([z.number(), z.string().max(30)], {
    error: ({ input }) => `${input === undefined ? 'is required: give' : 'must be'} ${DOLLARS}`,
  })
  .superRefine((usd, context) => {
    const message = wrongLimit(usd);
    if (message !== null) context.addIssue({ code: 'custom', message });
  })
  .meta({
    description: 'US dollars, as a number or as decimal text, to nine places',
    example: 25.5,
  });

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
  .meta({
    description:
      'Shares of the limit; each is told of once a period, and anew when the limit was changed',
    example: [0.5, 0.8],
  });

const scope = z
  .strictObject({
    pipeline: z.string().min(1).max(64).optional(),
    api_key: z.string().min(1).max(64).optional(),
    tag: z
      .string()
      .min(1)
      .max(TAG_CHARACTERS_MAX, `is longer than a tag can be: ${TAG_CHARACTERS_MAX} characters`)
      .regex(TAG_CHARACTERS, 'has control characters, which no tag has')
      .optional(),
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
