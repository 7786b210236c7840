import { isCounted, type Budget, type BudgetTerms } from '../../domain/budget.ts';
import type { JobContext } from '../ports/job-shard/turn.ts';

type Ordered = Pick<JobContext, 'pipeline' | 'lineage' | 'tags' | 'chargedTo'>;

/** The budgets that count a job's calls. */
export function countedBudgets(
  budgets: readonly Budget[],
  { pipeline, lineage, tags = [], chargedTo }: Ordered,
): readonly Budget[] {
  const charged = {
    pipelines: lineage ?? [pipeline],
    apiKey: chargedTo?.apiKey ?? null,
    tags: chargedTo?.tags ?? tags,
  };
  return budgets.filter(({ scope }) => isCounted(scope, charged));
}

/** A budget without what only people need. */
export function termsOf(budget: Budget): BudgetTerms {
  const { id, period, limitNanoUsd, isHard, onExceed, warnAt } = budget;
  return { id, period, limitNanoUsd, isHard, onExceed, warnAt };
}
