import { z } from 'zod';

import {
  budgetPeriods,
  onExceeds,
  periodAt,
  type Budget,
  type BudgetPeriod,
  type BudgetScope,
} from '../../domain/budget.ts';
import { formatUsd, type NanoUsd } from '../../domain/money.ts';
import { isoTime } from '../../domain/wire.ts';
import type { StandingBudget } from '../budgets/manage-budgets.ts';
import type { BudgetStanding } from '../ports/budgets.ts';

const time = z.iso.datetime();
const usd = z.string().meta({ description: 'US dollars as decimal text', example: '12.500000000' });

export const budgetSchema = z
  .object({
    object: z.literal('budget'),
    id: z.string(),
    name: z.string(),
    scope: z
      .object({ pipeline: z.string(), api_key: z.string(), tag: z.string() })
      .partial()
      .meta({ description: 'Empty for the whole project' }),
    period: z.enum(budgetPeriods),
    limit_usd: usd,
    hard: z.boolean(),
    on_exceed: z.enum(onExceeds),
    warn_at: z.array(z.number()),
    state: z.enum(['ok', 'warning', 'exhausted']).meta({
      description:
        '`warning` from the first share in `warn_at` on; `exhausted` once the limit is spent',
    }),
    period_start: time.nullable().meta({ description: 'Null for a total' }),
    resets_at: time.nullable().meta({ description: 'Null for a total' }),
    spent_usd: usd.meta({ description: 'In this period, what is assumed included' }),
    assumed_usd: usd.meta({
      description:
        'The part of `spent_usd` of which nobody knows what it was: estimates of calls that never reported or whose cost is unknown. A late bill takes their place',
    }),
    unknown_calls: z.int().meta({ description: 'How many calls that is' }),
    reserved_usd: usd.meta({ description: 'Held for calls under way' }),
    remaining_usd: usd.meta({ description: 'Neither spent nor reserved' }),
    forecast_usd: usd.nullable().meta({
      description:
        'What will be spent at the end of the period if it goes on at the same rate: a straight line from the beginning, or from when the budget was made. Null for a total, and in the first minute',
    }),
    counts_since: time.meta({ description: 'Spending before then is not counted' }),
    created_at: time,
    created_by: z.string(),
    updated_at: time,
  })
  .meta({ id: 'Budget' });

/** A straight line through less than this says nothing. */
const FORECAST_AFTER_MS = 60_000;

export function budgetView(
  { budget, standing }: StandingBudget,
  nowMs: number,
): z.infer<typeof budgetSchema> {
  const { id, name, scope, period, limitNanoUsd, isHard, onExceed, warnAt } = budget;
  const current = periodAt(period, nowMs);
  const { startMs, endMs } = current;
  const spent = standing.paidNanoUsd + standing.assumedNanoUsd;
  const forecast = forecastOf(budget, spent, current, nowMs);
  return {
    object: 'budget',
    id,
    name,
    scope: scopeView(scope),
    period,
    limit_usd: formatUsd(limitNanoUsd),
    hard: isHard,
    on_exceed: onExceed,
    warn_at: [...warnAt],
    state: stateOf(budget, spent),
    period_start: endMs === null ? null : isoTime(startMs),
    resets_at: endMs === null ? null : isoTime(endMs),
    ...sumsView(limitNanoUsd, standing),
    forecast_usd: forecast === null ? null : formatUsd(forecast),
    counts_since: isoTime(budget.createdAtMs),
    created_at: isoTime(budget.createdAtMs),
    created_by: budget.createdBy,
    updated_at: isoTime(budget.updatedAtMs),
  };
}

function scopeView({ kind, value }: BudgetScope): z.infer<typeof budgetSchema>['scope'] {
  return kind === 'project' ? {} : { [kind]: value };
}

function sumsView(limitNanoUsd: NanoUsd, standing: BudgetStanding) {
  const { paidNanoUsd, assumedNanoUsd, reservedNanoUsd, unknownCalls } = standing;
  const spent = paidNanoUsd + assumedNanoUsd;
  return {
    spent_usd: formatUsd(spent),
    assumed_usd: formatUsd(assumedNanoUsd),
    unknown_calls: unknownCalls,
    reserved_usd: formatUsd(reservedNanoUsd),
    remaining_usd: formatUsd(Math.max(0, limitNanoUsd - spent - reservedNanoUsd)),
  };
}

function stateOf({ limitNanoUsd, warnAt }: Budget, spent: NanoUsd): 'ok' | 'warning' | 'exhausted' {
  if (spent >= limitNanoUsd) return 'exhausted';
  const [first] = warnAt;
  return first !== undefined && spent >= first * limitNanoUsd ? 'warning' : 'ok';
}

function forecastOf(
  { createdAtMs }: Budget,
  spent: NanoUsd,
  { startMs, endMs }: BudgetPeriod,
  nowMs: number,
): NanoUsd | null {
  const elapsedMs = nowMs - Math.max(startMs, createdAtMs);
  if (endMs === null || elapsedMs < FORECAST_AFTER_MS) return null;
  return Math.round(spent + (spent / elapsedMs) * (endMs - nowMs));
}
