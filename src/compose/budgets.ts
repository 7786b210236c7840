import { makeBudgetLedgers } from '../runtime/budget/budget-client.ts';
import { makeBudgets } from '../runtime/d1/budgets.ts';
import { withRecentBudgets } from '../runtime/d1/recent/recent-budgets.ts';
import { machine } from '../runtime/machine.ts';
import { makeRecentStandings } from '../services/budgets/recent-standings.ts';
import type { RecentStandings } from '../services/budgets/submit-refusal.ts';
import type { BudgetLedgers, Budgets } from '../services/ports/budgets.ts';

/** What limits spending, and what has been spent of it. */
export function budgetParts(env: Env): {
  readonly budgets: Budgets;
  readonly ledgers: BudgetLedgers;
  readonly standings: RecentStandings;
} {
  const ledgers = makeBudgetLedgers(env.BUDGET);
  return {
    budgets: withRecentBudgets(makeBudgets(env.DB), machine),
    ledgers,
    standings: makeRecentStandings(ledgers, machine),
  };
}
