import type { Actor } from '../../../domain/access.ts';
import { JOB_BUDGET, type BudgetTerms } from '../../../domain/budget.ts';
import { formatUsd, type NanoUsd } from '../../../domain/money.ts';
import type { Plan } from '../../../engine/plan/plan.ts';
import { maxCostNanoUsd } from '../../../engine/attempts/job-budget.ts';
import { countedBudgets, termsOf } from '../../budgets/counted-budgets.ts';
import { standingsOf, type StandingBudget } from '../../budgets/manage-budgets.ts';
import { refusalOf } from '../../budgets/room.ts';
import type { BudgetLedgers, Budgets } from '../../ports/budgets.ts';
import {
  budgetForecasts,
  type BudgetsExplanation,
  type StepBudgetExplanation,
} from '../../views/explanation-budgets.ts';
import { budgetView } from '../../views/budget-view.ts';
import type { ModelForecast, TargetForecast } from '../foresight/foresee-model.ts';

/** What budgets would make of a job's calls, by the code that decides it when they are made. Nothing is reserved. */

export type BudgetReadDeps = {
  /** Absent where nothing limits spending. */
  readonly budgets?: Pick<Budgets, 'list'>;
  readonly ledgers?: BudgetLedgers;
};

/** The project's budgets as they stand; null when they cannot be read. */
export type KnownBudgets = readonly StandingBudget[] | null;

export async function readBudgets(
  { budgets, ledgers }: BudgetReadDeps,
  { project }: Actor,
): Promise<KnownBudgets> {
  if (budgets === undefined || ledgers === undefined) return [];
  try {
    return await standingsOf(ledgers, project, await budgets.list(project));
  } catch {
    return null;
  }
}

/** What counts the calls of one job. */
export type BudgetOutlook = {
  readonly counted: KnownBudgets;
  /** The least limit of its pipeline and of those above it; null without any. */
  readonly maxCostNanoUsd: NanoUsd | null;
  /** Whether the caller may see what budgets came to. */
  readonly showsFigures: boolean;
  readonly nowMs: number;
};

type OutlookOf = Pick<BudgetOutlook, 'nowMs'> & {
  readonly known: KnownBudgets;
  readonly lineage: readonly string[];
  readonly tags: readonly string[];
  /** Of the pipelines from the outermost down to the one that is explained. */
  readonly limits: readonly NanoUsd[];
};

export function outlookOf(
  { id: apiKey, scopes }: Actor,
  { known, lineage, tags, limits, nowMs }: OutlookOf,
): BudgetOutlook {
  const ordered = { pipeline: lineage.at(-1) ?? '', lineage, chargedTo: { apiKey, tags } };
  const budgets = (known ?? []).map(({ budget }) => budget);
  const ids = new Set(countedBudgets(budgets, ordered).map(({ id }) => id));
  return {
    counted: known === null ? null : known.filter(({ budget }) => ids.has(budget.id)),
    maxCostNanoUsd: limits.length === 0 ? null : Math.min(...limits),
    showsFigures: scopes.has('budgets:read'),
    nowMs,
  };
}

/** The limits with that of one more pipeline below. */
export function withLimit(limits: readonly NanoUsd[], { definition }: Plan): readonly NanoUsd[] {
  const own = maxCostNanoUsd(definition);
  return own === null ? limits : [...limits, own];
}

/** What becomes of the first call of a step; null for one that asks no model. */
export function foreseeStepBudget(
  outlook: BudgetOutlook,
  model: ModelForecast | null,
  askable: readonly TargetForecast[],
): StepBudgetExplanation | null {
  if (model === null || askable.length === 0) return null;
  if (model.cache?.hit === true) return { forecast: null, target_index: null, budget: null };
  const { forecast, target, budget } = firstCall(outlook, askable);
  return {
    forecast,
    target_index: target,
    budget: outlook.showsFigures || budget === JOB_BUDGET ? budget : null,
  };
}

type FirstCall = {
  readonly forecast: StepBudgetExplanation['forecast'];
  readonly target: number | null;
  readonly budget: string | null;
};

/** Goes through the targets as attempts do that no budget lets through. */
function firstCall(outlook: BudgetOutlook, targets: readonly TargetForecast[]): FirstCall {
  let before: FirstCall | null = null;
  for (const target of targets) {
    const found = callAt(outlook, target);
    if (found.forecast === 'fits') {
      return before === null ? found : { ...before, forecast: 'cheaper', target: target.index };
    }
    if (found.forecast !== 'cheaper' && found.forecast !== 'unpriced') return found;
    before = found;
  }
  const isUnpriced = before?.forecast === 'unpriced';
  return {
    forecast: isUnpriced ? 'unpriced' : 'rejected',
    target: null,
    budget: before?.budget ?? null,
  };
}

function callAt(
  { counted, maxCostNanoUsd: limit, nowMs }: BudgetOutlook,
  { call, view, index: target, reserveNanoUsd }: TargetForecast,
): FirstCall {
  if (view.usable && view.local) return { forecast: 'fits', target, budget: null };
  if (counted === null || call === null) return { forecast: null, target: null, budget: null };
  const standings = new Map(counted.map(({ standing }) => [standing.id, standing]));
  const refused = refusalOf(
    (id) => {
      const {
        paidNanoUsd: paid = 0,
        assumedNanoUsd = 0,
        reservedNanoUsd = 0,
      } = standings.get(id) ?? {};
      return { paid, assumed: assumedNanoUsd, reserved: reservedNanoUsd };
    },
    {
      terms: [...counted.map(({ budget }) => termsOf(budget)), ...ownTerms(limit)],
      estimateNanoUsd: reserveNanoUsd,
      nowMs,
      heldMs: 0,
    },
  );
  if (refused === null) return { forecast: 'fits', target, budget: null };
  return { forecast: FORECASTS[refused.reason], target: null, budget: refused.refusal.budgetId };
}

const FORECASTS = {
  budget: 'waits',
  budget_exceeded: 'rejected',
  budget_cheaper: 'cheaper',
  budget_unpriced: 'unpriced',
} as const;

/** The job's own limit is a hard cap that nothing has been spent of. */
function ownTerms(limitNanoUsd: NanoUsd | null): readonly BudgetTerms[] {
  if (limitNanoUsd === null) return [];
  const cap = { period: 'total', isHard: true, onExceed: 'reject', warnAt: [] } as const;
  return [{ id: JOB_BUDGET, limitNanoUsd, ...cap }];
}

type JobForecast = {
  /** What becomes of its steps, and of its children. */
  readonly steps: readonly StepBudgetExplanation['forecast'][];
  readonly boundsNanoUsd: NanoUsd | null;
  readonly refusedAtDoor: boolean | null;
};

export function budgetsExplanation(
  { counted, maxCostNanoUsd: limit, showsFigures, nowMs }: BudgetOutlook,
  { steps, boundsNanoUsd, refusedAtDoor }: JobForecast,
): BudgetsExplanation {
  const isKnown = limit !== null && boundsNanoUsd !== null;
  return {
    forecast: hardestOf(steps, refusedAtDoor === true),
    refused_at_door: refusedAtDoor,
    counted:
      showsFigures && counted !== null ? counted.map((each) => budgetView(each, nowMs)) : null,
    job: {
      max_cost_usd: limit === null ? null : formatUsd(limit),
      bounds_usd: boundsNanoUsd === null ? null : formatUsd(boundsNanoUsd),
      fits: isKnown ? boundsNanoUsd <= limit : null,
    },
  };
}

function hardestOf(steps: JobForecast['steps'], isRefused: boolean) {
  if (isRefused) return 'rejected';
  return budgetForecasts.findLast((each) => steps.includes(each)) ?? null;
}
