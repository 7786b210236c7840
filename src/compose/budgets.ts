import { makeBudgetLedgers } from '../runtime/budget/budget-client.ts';
import { makeBudgets } from '../runtime/d1/budgets.ts';
import { withRecentBudgets } from '../runtime/d1/recent-budgets.ts';
import { machine } from '../runtime/machine.ts';
import type { BudgetLedgers, Budgets } from '../services/ports/budgets.ts';

/** What limits spending, and what has been spent of it. */
export function budgetParts(env: Env): {
  readonly budgets: Budgets;
  readonly ledgers: BudgetLedgers;
} {
  return {
    budgets: withRecentBudgets(makeBudgets(env.DB), machine),
    ledgers: makeBudgetLedgers(env.BUDGET),
  };
}
