import { expect, test } from 'vitest';

import type { Budget } from '../../../../src/domain/budget.ts';
import { withRecentBudgets } from '../../../../src/runtime/d1/recent/recent-budgets.ts';
import type { Budgets } from '../../../../src/services/ports/budgets.ts';
import { budgetOf, termsOf } from '../../../support/ledger-world.ts';
import { PROJECT } from '../../../support/shard-driver.ts';

const budget = budgetOf({ ...termsOf(), name: 'a' });

/** A database that counts what it is asked, and may be down. */
function remembered() {
  const db = { asked: 0, isDown: false, stored: [] as readonly Budget[], nowMs: 1_000 };
  const budgets: Budgets = {
    async list() {
      db.asked += 1;
      if (db.isDown) throw new Error('down');
      return db.stored;
    },
    async add(added) {
      db.stored = [...db.stored, added];
      return { kind: 'stored' };
    },
    update: async () => budget,
    delete: async () => true,
  };
  const wait = async (ms: number) => void (db.nowMs += ms);
  return { db, recent: withRecentBudgets(budgets, { nowMs: () => db.nowMs, wait }) };
}

test('that there are no budgets is remembered for a second, and not longer than a change takes', async () => {
  const { db, recent } = remembered();
  expect(await recent.list(PROJECT)).toEqual([]);
  db.nowMs += 900;
  await recent.list(PROJECT);
  expect(db.asked).toBe(1);
  await recent.add(budget);
  expect(await recent.list(PROJECT)).toEqual([budget]);
});

test('what was known last holds while the database does not answer', async () => {
  const { db, recent } = remembered();
  db.isDown = true;
  await expect(recent.list(PROJECT)).rejects.toThrow('down');
  db.isDown = false;
  db.stored = [budget];
  await recent.list(PROJECT);
  db.isDown = true;
  db.nowMs += 3_600_000;
  expect(await recent.list(PROJECT)).toEqual([budget]);
});
