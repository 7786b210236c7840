import { expect, test } from 'vitest';

import type { Actor } from '../../../src/domain/access.ts';
import { makeBudgets } from '../../../src/runtime/d1/budgets.ts';
import {
  changeBudget,
  createBudget,
  listBudgets,
  type BudgetDeps,
} from '../../../src/services/budgets/manage-budgets.ts';
import { budgetInputSchema } from '../../../src/services/budgets/budget-input.ts';
import { LedgerWorld } from '../../support/ledger-world.ts';
import { NodeD1 } from '../../support/node-d1.ts';
import { PROJECT } from '../../support/shard-driver.ts';

const actor: Actor = {
  id: 'key_1',
  project: PROJECT,
  scopes: new Set(['budgets:read', 'budgets:write'] as const),
  isRoot: false,
};

/** The tables of D1 and a ledger, in memory. */
function deployment(): BudgetDeps {
  const world = new LedgerWorld();
  let uuids = 0;
  return {
    budgets: makeBudgets(new NodeD1().binding()),
    ledgers: {
      of: () => ({
        exchange: async (message) => world.ledger.exchange(message),
        standing: async (terms) => world.ledger.standing(terms),
        forget: async (id) => world.ledger.forget(id),
      }),
    },
    pipelines: { head: async () => null },
    access: { findKey: async () => null },
    audit: { add: async () => {}, finish: async () => {} },
    machine: { nowMs: () => world.nowMs, newUuid: () => `uuid-${(uuids += 1)}` },
    log: () => {},
  };
}

test('of changes that come at once each keeps what the others have changed', async () => {
  const deps = deployment();
  const input = budgetInputSchema.parse({ name: 'a', period: 'day', limit_usd: 100 });
  const made = await createBudget(deps, actor, input);
  const id = made.ok ? made.value.budget.id : '';
  const answers = await Promise.all([
    changeBudget(deps, actor, id, { limit_usd: 10 }),
    changeBudget(deps, actor, id, { name: 'b' }),
    changeBudget(deps, actor, id, { warn_at: [0.9] }),
  ]);
  expect(answers.map(({ ok }) => ok)).toEqual([true, true, true]);
  const listed = await listBudgets(deps, actor);
  expect(listed.ok && listed.value.map(({ budget }) => budget)).toMatchObject([
    { name: 'b', limitNanoUsd: 10_000_000_000, warnAt: [0.9], onExceed: 'reject', isHard: true },
  ]);
});
