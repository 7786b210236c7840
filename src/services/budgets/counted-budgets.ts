import { isCounted, type Budget, type BudgetTerms } from '../../domain/budget.ts';
import type { JobContext } from '../ports/job-shard/turn.ts';

/** The budgets that count a job's calls, each without what only people need. */
export function countedBudgets(
  budgets: readonly Budget[],
  { pipeline, lineage, tags = [], chargedTo }: JobContext,
): readonly BudgetTerms[] {
  const charged = {
    pipelines: lineage ?? [pipeline],
    apiKey: chargedTo?.apiKey ?? null,
    tags: chargedTo?.tags ?? tags,
  };
  return budgets.filter(({ scope }) => isCounted(scope, charged)).map(termsOf);
}

export function termsOf(budget: Budget): BudgetTerms {
  const { id, period, limitNanoUsd, isHard, onExceed, warnAt } = budget;
  return { id, period, limitNanoUsd, isHard, onExceed, warnAt };
}
