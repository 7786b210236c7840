import type { BudgetLedger, BudgetLedgers } from '../../services/ports/budgets.ts';

/** A project's ledger as runners reach it: a fresh stub for every call, because one whose object was reset keeps failing. */
export function makeBudgetLedgers(namespace: DurableObjectNamespace): BudgetLedgers {
  return {
    of(project) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the namespace is bound to BudgetObject, whose methods are the port's
      const stub = () => namespace.getByName(project) as unknown as BudgetLedger;
      return {
        exchange: (message) => stub().exchange(message),
        standing: (terms) => stub().standing(terms),
        forget: (budgetId) => stub().forget(budgetId),
      };
    },
  };
}
