import type { BudgetTerms } from '../../domain/budget.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { BudgetLedger, BudgetLedgers, BudgetOrder, BudgetVerdict } from '../ports/budgets.ts';

/** One call carries so many orders at most. */
const ORDERS_MAX = 200;

type Waiting = {
  readonly terms: readonly BudgetTerms[];
  readonly order: BudgetOrder;
  readonly resolve: (verdict: BudgetVerdict) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Ledgers for one runner's turn: while a call is under way, what the turn's other attempts have to say is gathered, and
 * goes out together with the next one. Not for several requests: none may wait for what another has begun.
 */
export function batchedLedgers(ledgers: BudgetLedgers): BudgetLedgers {
  const known = new Map<ProjectId, BudgetLedger>();
  return {
    of(project) {
      const ledger = known.get(project) ?? batched(ledgers.of(project));
      known.set(project, ledger);
      return ledger;
    },
  };
}

function batched(ledger: BudgetLedger): BudgetLedger {
  let waiting: Waiting[] = [];
  let sending = false;

  async function sendAll(): Promise<void> {
    sending = true;
    // What comes in the same breath goes along.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.slice(0, ORDERS_MAX);
      waiting = waiting.slice(ORDERS_MAX);
      await send(ledger, batch);
    }
    sending = false;
  }

  return {
    ...ledger,
    async exchange({ terms, orders }) {
      const verdicts = orders.map((order) => {
        const answer = Promise.withResolvers<BudgetVerdict>();
        const { promise, resolve, reject } = answer;
        waiting.push({ terms, order, resolve, reject });
        return promise;
      });
      if (!sending) void sendAll();
      return Promise.all(verdicts);
    },
  };
}

async function send(ledger: BudgetLedger, batch: readonly Waiting[]): Promise<void> {
  const terms = new Map(batch.flatMap((each) => each.terms.map((term) => [term.id, term])));
  const orders = batch.map(({ order }) => order);
  try {
    const verdicts = await ledger.exchange({ terms: [...terms.values()], orders });
    for (const [index, { resolve, reject }] of batch.entries()) {
      const verdict = verdicts[index];
      if (verdict === undefined) reject(new Error('the ledger has not answered an order'));
      else resolve(verdict);
    }
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}
