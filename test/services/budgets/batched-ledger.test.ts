import { expect, test } from 'vitest';

import { batchedLedgers } from '../../../src/services/budgets/batched-ledger.ts';
import type { BudgetLedger, BudgetMessage } from '../../../src/services/ports/budgets.ts';
import { termsOf } from '../../support/ledger-world.ts';
import { PROJECT } from '../../support/shard-driver.ts';

const A = termsOf();
const B = termsOf({ id: 'bud_b' });

function settle(key: string): BudgetMessage['orders'][number] {
  return { kind: 'settle', key, budgets: ['bud_a'], costNanoUsd: 1, estimateNanoUsd: 1 };
}

/** A ledger that answers when it is told to. */
function slowLedger() {
  const messages: BudgetMessage[] = [];
  const answers: PromiseWithResolvers<void>[] = [];
  const ledger: BudgetLedger = {
    async exchange(message) {
      messages.push(message);
      const answer = Promise.withResolvers<void>();
      answers.push(answer);
      await answer.promise;
      return message.orders.map(() => ({ kind: 'done' as const }));
    },
    standing: async () => [],
    forget: async () => {},
  };
  const batched = batchedLedgers({ of: () => ledger }).of(PROJECT);
  const send = (key: string, terms = [A]) => batched.exchange({ terms, orders: [settle(key)] });
  return { messages, answers, send };
}

const breath = async () => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

test('orders that come while a call is under way go together with the next one', async () => {
  const { messages, answers, send } = slowLedger();
  const first = [send('a'), send('b')];
  await breath();
  const later = [send('c'), send('d', [B]), send('e')];
  await breath();
  expect(messages).toHaveLength(1);
  answers[0]?.resolve();
  await Promise.all(first);
  await breath();
  answers[1]?.resolve();
  expect(await Promise.all(later)).toEqual(later.map(() => [{ kind: 'done' }]));
  expect(messages.map(({ orders }) => orders.map(({ key }) => key))).toEqual([
    ['a', 'b'],
    ['c', 'd', 'e'],
  ]);
  expect(messages[1]?.terms.map(({ id }) => id)).toEqual(['bud_a', 'bud_b']);
});

test('a call that fails fails for all its orders, and the next one is made', async () => {
  const { messages, answers, send } = slowLedger();
  const first = [send('a'), send('b')];
  await breath();
  const later = send('c');
  answers[0]?.reject(new Error('gone'));
  const ends = await Promise.allSettled(first);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await breath();
  answers[1]?.resolve();
  await later;
  expect(messages).toHaveLength(2);
});
