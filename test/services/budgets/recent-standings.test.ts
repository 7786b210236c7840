import { expect, test } from 'vitest';

import { makeRecentStandings } from '../../../src/services/budgets/recent-standings.ts';
import { budgetOf, LedgerWorld, termsOf } from '../../support/ledger-world.ts';
import { PROJECT } from '../../support/shard-driver.ts';

const DAY = budgetOf({ ...termsOf(), name: 'a day' });

test('how budgets stood is remembered for two seconds, and not beyond the end of their period', async () => {
  const world = new LedgerWorld();
  let asked = 0;
  const ledger = {
    exchange: async () => [],
    standing: async () => {
      asked += 1;
      return world.ledger.standing([DAY]);
    },
    forget: async () => {},
  };
  const recent = makeRecentStandings({ of: () => ledger }, { nowMs: () => world.nowMs });
  const spent = async () => (await recent(PROJECT, [DAY]))[0]?.paidNanoUsd;
  world.nowMs = Date.UTC(2028, 1, 29, 23, 59, 58, 500);
  world.settle([DAY], 'a#1', 100);
  expect(await spent()).toBe(100);
  world.nowMs += 1_400;
  expect(await spent()).toBe(100);
  expect(asked).toBe(1);
  world.nowMs += 100;
  expect(await spent()).toBe(0);
});
