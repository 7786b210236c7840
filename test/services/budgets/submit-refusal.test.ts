import { expect, test } from 'vitest';

import { makeRegistry } from '../../../src/providers/registry.ts';
import { budgetRefusal } from '../../../src/services/budgets/submit-refusal.ts';
import { EPOCH_MS, planOf } from '../../support/engine-driver.ts';
import { budgetOf, termsOf } from '../../support/ledger-world.ts';
import { PROJECT } from '../../support/shard-driver.ts';

const SPENT = budgetOf({ ...termsOf(), name: 'a day' });
const STANDING = {
  id: SPENT.id,
  paidNanoUsd: SPENT.limitNanoUsd,
  assumedNanoUsd: 0,
  reservedNanoUsd: 0,
  unknownCalls: 0,
};
const { adapters } = makeRegistry(
  (name) => (name === 'OPENAI_API_KEY' ? 'key' : undefined),
  async () => new Response(),
);

async function refusalOf(targets: readonly string[]): Promise<string | null> {
  const plan = planOf({
    steps: [
      {
        id: 'tell',
        uses: 'model.embed',
        with: { texts: ['a'] },
        route: {
          targets: targets.map((target) => {
            const [provider = '', model = ''] = target.split('/');
            return { provider, model };
          }),
        },
      },
    ],
  });
  const version = { name: 'p', version: 1, hash: 'h', createdAtMs: 0, createdBy: 'root' };
  const refused = await budgetRefusal(
    {
      budgets: { list: async () => [SPENT] },
      standings: async () => [STANDING],
      providers: { get: (id) => adapters.get(id) ?? null },
      machine: { nowMs: () => EPOCH_MS },
    },
    { id: 'key', project: PROJECT, scopes: new Set(), isRoot: false },
    { found: { version, plan }, chargedTo: { apiKey: 'key', tags: [] } },
  );
  return refused?.ok === false ? refused.failure.code : null;
}

const PAID = 'openai/text-embedding-3-small';
const FREE = 'builtin/hashed-embedding-1';
const NOT_CONFIGURED = 'mistral/mistral-embed';

test.each([
  [[PAID], 'budget_exceeded'],
  [[PAID, NOT_CONFIGURED], 'budget_exceeded'],
  [[PAID, FREE], null],
  [[NOT_CONFIGURED], null],
])('once the limit is spent a job with the targets %j is refused: %s', async (targets, code) => {
  expect(await refusalOf(targets)).toBe(code);
});
